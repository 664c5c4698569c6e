// What counts as an address of a person, in the allow-list and in the apps file.

const emailShape =
  /^(?!#)[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d-]{2,63}$/;

/** The address in lower case; undefined if it is not one that both oauth2-proxy and the dashboard accept. */
export function parseEmail(text: string): string | undefined {
  const email = text.trim().toLowerCase();
  return email.length <= 254 && emailShape.test(email) ? email : undefined;
}
