/** "tmfL" */
export const APPLICATION_ID = 0x746d664c;

/**
 * Records lie in chunks: those of one partition that were appended in the same moment, at most CHUNK_BYTES
 * of them (or one larger record). One row, one blob and a few index entries for all of them are what makes appending
 * and reading cheap.
 *
 * `event_ids` finds chunks by the hash of an event id or correlation id. Hashes come in no order, and an index over
 * all of them would touch a page of its own for each record. So each stretch of chunks (seq / 256) has its own small
 * part of the index: new entries fall on few pages, retention cuts off whole stretches, and a search asks each stretch.
 */
const VERSION_1 = `
  CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic_id TEXT NOT NULL,
    start INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
  );
  CREATE TABLE chunks (
    seq INTEGER PRIMARY KEY,
    partition_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    time INTEGER NOT NULL,
    records BLOB NOT NULL
  );
  CREATE UNIQUE INDEX chunks_by_offset ON chunks (partition_id, first);
  CREATE INDEX chunks_by_time ON chunks (partition_id, time, first);
  CREATE TABLE event_ids (
    stretch INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (stretch, hash, seq)
  ) WITHOUT ROWID;

  CREATE TABLE positions (
    subscription_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic_id TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    holes TEXT NOT NULL,
    PRIMARY KEY (subscription_id, topic, partition)
  ) WITHOUT ROWID;
  CREATE TABLE replay_jobs (id TEXT PRIMARY KEY, job TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    subscription_id TEXT,
    event_type TEXT,
    event_id TEXT,
    correlation_id TEXT,
    dead_at INTEGER NOT NULL,
    state TEXT NOT NULL
  );
  CREATE INDEX dead_letters_by_time ON dead_letters (dead_at);
  CREATE INDEX dead_letters_by_subscription ON dead_letters (subscription_id, dead_at);
  CREATE INDEX dead_letters_by_event ON dead_letters (event_id);
  CREATE INDEX dead_letters_by_correlation ON dead_letters (correlation_id);
  CREATE TABLE dead_letter_contents (seq INTEGER PRIMARY KEY, letter TEXT NOT NULL, body BLOB NOT NULL);
`;

export const MIGRATIONS: readonly string[] = [VERSION_1];

/** Number of chunks that share one part of the index `event_ids`. */
export const STRETCH = 256;
