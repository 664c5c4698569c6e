// Request targets that no browser sends, in a form that PCRE and Go's RE2 both take.

/** A character that begins or ends a part of a path, for apps that decode before they split. */
const border = String.raw`(?:/|\x5c|%2f|%5c)`;

/**
 * To be matched without regard to case against the raw request target: a part of its path is `.` or `..`, however it is encoded. Browsers
 * resolve them before they send anything.
 */
export const dotSegment = String.raw`^[^?]*${border}(?:\.|%2e){1,2}(?:${border}|[?;]|$)`;
