// The tables of the library's file. A page, its attachments' rows and its search text change in one transaction.

/** `page.row` is also the row of `page_text`, so a match is one look-up away from its page. */
export const librarySchema = `
  CREATE TABLE IF NOT EXISTS space (
    key TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    homepage TEXT,
    url TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('live', 'removed')),
    fetched_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS page (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    space TEXT NOT NULL,
    parent TEXT,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('live', 'removed')),
    url TEXT NOT NULL,
    author TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS page_by_space ON page (space, status);
  CREATE INDEX IF NOT EXISTS page_by_parent ON page (parent);
  CREATE INDEX IF NOT EXISTS page_by_title ON page (space, title);
  CREATE TABLE IF NOT EXISTS attachment (
    id TEXT NOT NULL UNIQUE,
    page TEXT NOT NULL,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    version INTEGER NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    fetched_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS attachment_by_page ON attachment (page, title);
  CREATE VIRTUAL TABLE IF NOT EXISTS page_text USING fts5(title, text, tokenize = "unicode61 remove_diacritics 2");
  CREATE TRIGGER IF NOT EXISTS page_removed AFTER UPDATE OF status ON page WHEN new.status = 'removed'
    BEGIN DELETE FROM page_text WHERE rowid = old.row; END;
  CREATE TRIGGER IF NOT EXISTS page_renamed AFTER UPDATE OF title ON page WHEN new.title <> old.title
    BEGIN UPDATE page_text SET title = new.title WHERE rowid = old.row; END;
  CREATE TRIGGER IF NOT EXISTS page_forgotten AFTER DELETE ON page
    BEGIN DELETE FROM page_text WHERE rowid = old.row; END;

  CREATE TABLE IF NOT EXISTS sync_run (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'failed', 'done')),
    reason TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    alive_at INTEGER NOT NULL,
    lists INTEGER NOT NULL DEFAULT 0,
    found INTEGER NOT NULL DEFAULT 0,
    added INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    moved INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    files INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sync_list (name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS sync_listed (
    id TEXT NOT NULL UNIQUE,
    list TEXT NOT NULL,
    space TEXT NOT NULL,
    parent TEXT,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS sync_listed_by_list ON sync_listed (list);
  CREATE TABLE IF NOT EXISTS sync_work (
    page TEXT NOT NULL UNIQUE,
    what TEXT NOT NULL CHECK (what IN ('page', 'attachments'))
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sync_failure (
    page TEXT NOT NULL,
    title TEXT NOT NULL,
    file TEXT NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (page, file)
  ) STRICT;
`;
