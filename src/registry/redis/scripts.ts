/**
 * What has to happen in Redis as one step, in Lua.
 *
 * KEYS: the registry (hash: id; life, another one after each loss; seq, the last one given), the index (sorted set of
 * all ids, removed ones too, by seq), the unique keys (hash: key -> id), the changes (stream: id, version; entries are
 * numbered 1, 2, 3, so that one who missed some sees it). ARGV[1]: what the keys of the subscriptions' hashes begin
 * with (version, document, uniqueKey, seq; an empty document is a tombstone). ARGV[2], where something is written:
 * the registry that is meant. Versions travel as text: Lua would print a large number with an exponent.
 */
const HEAD = `
local registry, index, unique, changes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local base, meant = ARGV[1], ARGV[2]

local function stored(id)
  local found = redis.call('HMGET', base .. id, 'version', 'document', 'uniqueKey', 'seq')
  if not found[1] then return nil end
  return { version = found[1], document = found[2] or '', key = found[3] or '', seq = found[4] or '0' }
end

local function answer(id, row)
  return { id, row.version, row.document, row.key, row.seq }
end

local function lives(id)
  local row = stored(id)
  return row and row.document ~= ''
end

local function claim(key, id)
  if key == '' then return end
  local holder = redis.call('HGET', unique, key)
  if not holder or not lives(holder) then redis.call('HSET', unique, key, id) end
end

local function write(id, version, document, key, seq)
  local former = stored(id)
  if former and former.key ~= '' and redis.call('HGET', unique, former.key) == id then
    redis.call('HDEL', unique, former.key)
  end
  redis.call('HSET', base .. id, 'version', version, 'document', document, 'uniqueKey', key, 'seq', seq)
  redis.call('ZADD', index, seq, id)
  claim(key, id)
  local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
  local number = 1
  if last then number = tonumber(string.match(last[1], '^%d+')) + 1 end
  redis.call('XADD', changes, 'MAXLEN', '~', 10000, string.format('%.0f-0', number), 'id', id, 'version', version)
end
`;

/** Nothing is written into an empty Redis before all that is known was written back, nor into another registry. */
const GUARD = `
local owner = redis.call('HGET', registry, 'id')
if not owner then return { 'flushed' } end
if owner ~= meant then return { 'other', owner } end
`;

/** Whose it is, its life, and the number of the last change. */
export const PULSE = `${HEAD}
local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
return {
  redis.call('HGET', registry, 'id') or '',
  redis.call('HGET', registry, 'life') or '',
  last and string.match(last[1], '^%d+') or '0',
}`;

/** ARGV[3]: its life from now on. An id that is there already stays; answers whose it is. */
export const IDENTIFY = `${HEAD}
if redis.call('HSETNX', registry, 'id', meant) == 1 then redis.call('HSET', registry, 'life', ARGV[3]) end
return redis.call('HGET', registry, 'id')`;

/** A write that changes nothing of value. */
export const PROBE = `${HEAD}${GUARD}
redis.call('HSET', registry, 'probed', '1')
return { 'done' }`;

/** ARGV[3..]: ids. Of each the version, a digest of the document, and 1 unless a part of it was lost; or nothing. */
export const COMPARE = `${HEAD}
local answers = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local row = stored(id)
  if row then
    local whole = redis.call('ZSCORE', index, id)
      and (row.key == '' or redis.call('HEXISTS', unique, row.key) == 1)
    answers[#answers + 1] = { row.version, redis.sha1hex(row.document), whole and 1 or 0 }
  else
    answers[#answers + 1] = {}
  end
end
return answers`;

/** ARGV[3..]: ids. The rows of those that are there. */
export const READ = `${HEAD}
local answers = {}
for i = 3, #ARGV do
  local row = stored(ARGV[i])
  if row then answers[#answers + 1] = answer(ARGV[i], row) end
end
return answers`;

/** ARGV[3..6]: id, version, document, unique key. ARGV[7..]: ids with the version that must be there at least. */
export const INSERT = `${HEAD}${GUARD}
local id, version, document, key = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
for i = 7, #ARGV, 2 do
  local row = stored(ARGV[i])
  if not row or tonumber(row.version) < tonumber(ARGV[i + 1]) then return { 'behind' } end
end
local holder = key ~= '' and redis.call('HGET', unique, key)
if holder and lives(holder) then return { 'exists', answer(holder, stored(holder)) } end
local former = stored(id)
if former and (former.document ~= '' or tonumber(former.version) >= tonumber(version)) then return { 'taken' } end
local seq = redis.call('HINCRBY', registry, 'seq', 1)
write(id, version, document, key, seq)
return { 'done', seq }`;

/** ARGV[3..6]: id, version, document, unique key; ARGV[7]: the version that it replaces. */
export const REPLACE = `${HEAD}${GUARD}
local id = ARGV[3]
local row = stored(id)
if not row then return { 'changed' } end
if tonumber(row.version) ~= tonumber(ARGV[7]) then return { 'changed', answer(id, row) } end
write(id, ARGV[4], ARGV[5], ARGV[6], row.seq)
return { 'done', row.seq }`;

/**
 * ARGV[3..]: id, version, document, unique key and seq ('' = the next one) of each. Nothing is replaced by a lower
 * version. Where two wrote the same version (one of them while Redis had lost the other's), the two become one in a
 * higher version, and that is a tombstone if either was. Answers the seq of each.
 */
export const RESTORE = `${HEAD}
local owner = redis.call('HGET', registry, 'id')
if owner and owner ~= meant then return { 'other', owner } end
local seqs = {}
for i = 3, #ARGV, 5 do
  local id, version, document, key, seq = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local row = stored(id)
  if not row or tonumber(row.version) < tonumber(version) then
    local last = tonumber(redis.call('HGET', registry, 'seq') or '0')
    if seq == '' then seq = row and row.seq or string.format('%.0f', last + 1) end
    if tonumber(seq) > last then redis.call('HSET', registry, 'seq', seq) end
    write(id, version, document, key, seq)
  elseif tonumber(row.version) == tonumber(version) and row.document ~= document then
    local ended = row.document == '' or document == ''
    local higher = string.format('%.0f', tonumber(version) + 1)
    seq = row.seq
    write(id, higher, ended and '' or row.document, ended and '' or row.key, seq)
  else
    seq = row.seq
    redis.call('ZADD', index, seq, id)
    claim(row.key, id)
  end
  seqs[#seqs + 1] = tonumber(seq)
end
return { 'done', seqs }`;

/** KEYS[1]: notes of a subscription. ARGV[1]: a time, which is kept unless a later one is. */
export const SETTLED_UP_TO = `
local known = redis.call('HGET', KEYS[1], 'settledUpTo')
if not known or tonumber(known) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'settledUpTo', ARGV[1]) end`;
