package redisstore

import "github.com/redis/go-redis/v9"

// The scripts are sent once, then called by their digest. Each is one step: the server runs nothing else meanwhile, and a
// key that expires does so before or after.
//
// No step that can fail comes after one that changes something that matters: an index is written before the record, so
// that no record is without its entry, not even if the index cannot be written.

// What the scripts answer.
const (
	done      = "done"
	missing   = "missing"
	exists    = "exists"
	conflict  = "conflict"
	corrupt   = "corrupt"
	foreigner = "foreigner"
	later     = "later"
)

// luaHead reads the head of a record, see [encode], without the rest of it. It returns nothing for what has none, false
// as the first result where there is no record. A key of another type is a failure that pcall turns into a table.
const luaHead = `
local function head(key)
  local text = redis.pcall('GETRANGE', key, 0, 255)
  if text == '' then return false end
  if type(text) ~= 'string' then return nil end
  return string.match(text, '^cs1 (%-?%d+) (%d+) (%S+) (%S+) (%d+) %x+ {')
end
`

// luaEnter puts the ID of a record that the server keeps for px milliseconds into the index of its actor, or of its identity.
// The score is when the server drops the record: by its own clock alone, so no clock of a process that is wrong makes a
// record lose its entry. It is no less than least, if that is given. Entries that are a minute past that go, up to 100 at a
// time, and the index goes with the last of them. Numbers are formatted: Lua itself prints 1.7e+12.
const luaEnter = `
local function enter(index, id, px, least)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local past = redis.call('ZRANGEBYSCORE', index, '-inf', string.format('%.0f', now - 60000), 'LIMIT', 0, 100)
  if #past > 0 then redis.call('ZREM', index, unpack(past)) end
  local score = now + px
  if least then score = math.max(score, tonumber(least)) end
  redis.call('ZADD', index, string.format('%.0f', score), id)
  if redis.call('PTTL', index) < px + 60000 then
    redis.call('PEXPIRE', index, string.format('%.0f', px + 60000))
  end
end
`

// createScript has the keys record and, if there is one, index; the arguments ID, value, milliseconds to keep it for.
var createScript = redis.NewScript(luaEnter + `
if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
local id, value, px = ARGV[1], ARGV[2], tonumber(ARGV[3])
if KEYS[2] then enter(KEYS[2], id, px) end
redis.call('SET', KEYS[1], value, 'PX', string.format('%.0f', px))
return 'done'
`)

// identifyScript has the key of an identity's index; the arguments ID, milliseconds that the record may last. What is in the
// index already stays as long as it would have: the record may be another's, who has the ID, and not be written.
var identifyScript = redis.NewScript(luaEnter + `
enter(KEYS[1], ARGV[1], tonumber(ARGV[2]), redis.call('ZSCORE', KEYS[1], ARGV[1]))
return 'done'
`)

// replaceScript has the keys and arguments of createScript, and after these: the version that must be there, the name of
// the index, the present, the end of the new record, the name of the identity's index, until when it has an entry of the
// session. That one is on another server of a cluster perhaps: where the record would outlast its entry, the answer is later,
// and nothing is changed. Versions and moments are compared as text. The server keeps the record no shorter than it would
// have without the change, unless it ends earlier now: the clock by which the milliseconds were reckoned may be ahead.
var replaceScript = redis.NewScript(luaHead + luaEnter + `
local id, value, px = ARGV[1], ARGV[2], tonumber(ARGV[3])
local version, expires, index, identity, lapses = head(KEYS[1])
if version == false then return 'missing' end
if not version then return 'corrupt' end
if expires <= ARGV[6] then return 'missing' end
if version ~= ARGV[4] then return 'conflict' end
if index ~= ARGV[5] or identity ~= ARGV[8] then return 'foreigner' end
if identity ~= '-' and lapses < ARGV[9] then return 'later' end
if ARGV[7] >= expires then px = math.max(px, redis.call('PTTL', KEYS[1])) end
if KEYS[2] then enter(KEYS[2], id, px) end
redis.call('SET', KEYS[1], value, 'PX', string.format('%.0f', px))
return 'done'
`)

// deleteScript has the key of the record; the arguments ID and what the key of an index is before its name. Whatever is
// under the key goes. If its head says nothing, its entry in an index stays until its time has come, and List passes it by.
//
// The index is not among KEYS, as it should be: only the record knows its name. It has the same text in braces, so the
// same server of a cluster has both, and Redis and Valkey let a script use it. To read the name first would be another
// round trip, and two steps. Where the server does refuse it, such as while a cluster moves the keys elsewhere, the session
// ends all the same, and the entry is like that of a record without a head.
var deleteScript = redis.NewScript(luaHead + `
local version, expires, index = head(KEYS[1])
if version and index ~= '-' then redis.pcall('ZREM', ARGV[2] .. index, ARGV[1]) end
redis.call('DEL', KEYS[1])
return 'done'
`)

// deleteAllScript has the keys of the index, then of records; the arguments are the name of the index, then the IDs. It
// removes the records that are the actor's, or nobody can say whose, and their entries, and returns how many records.
var deleteAllScript = redis.NewScript(luaHead + `
local removed = 0
for i = 2, #KEYS do
  local version, expires, index = head(KEYS[i])
  if not version or index == ARGV[1] then removed = removed + redis.call('DEL', KEYS[i]) end
  redis.call('ZREM', KEYS[1], ARGV[i])
end
return removed
`)

// deleteIdentityScript has the key and arguments of deleteScript, and after these the name of the identity's index. It removes
// the record if it is the identity's, or nobody can say whose, and returns how many that are. Its entry in the index of the
// identity stays until its time has come, like that of a session that ended in another way: whoever took it out could do so
// while another creates the session anew, who has made the entry and not yet the record.
var deleteIdentityScript = redis.NewScript(luaHead + `
local version, expires, index, identity = head(KEYS[1])
if version == false or version and identity ~= ARGV[3] then return 0 end
if version and index ~= '-' then redis.pcall('ZREM', ARGV[2] .. index, ARGV[1]) end
return redis.call('DEL', KEYS[1])
`)

// revokeScript has the key of the note; the arguments at, until, milliseconds to keep it for. Each is the later or longer
// of what was there and what is new. The server keeps the note no shorter than until a minute after until by its own clock
// too: until may come from an issuer, and the clock by which the milliseconds were reckoned may be ahead of its.
var revokeScript = redis.NewScript(`
local at, till, px = ARGV[1], ARGV[2], tonumber(ARGV[3])
local kept = redis.call('GET', KEYS[1])
if kept then
  local a, t = string.match(kept, '^(%d+) (%d+)$')
  if not a or #a ~= #at or #t ~= #till then return 'corrupt' end
  if a > at then at = a end
  if t > till then till = t end
  px = math.max(px, redis.call('PTTL', KEYS[1]))
end
px = math.max(px, math.ceil(tonumber(till) / 1000) - redis.call('TIME')[1] * 1000 + 60000)
redis.call('SET', KEYS[1], at .. ' ' .. till, 'PX', string.format('%.0f', px))
return 'done'
`)

// consumeScript has the key of a token; the arguments digest, the present. It returns the token that it removed. A digest is
// compared as text: whoever guesses at it sends the token that it is of, and cannot choose what that comes to.
var consumeScript = redis.NewScript(`
local text = redis.pcall('GET', KEYS[1])
if text == false then return 'missing' end
if type(text) ~= 'string' then return 'corrupt' end
local expires, digest = string.match(text, '^ct1 (%d+) (%x+) %x+ ')
if not expires or #expires ~= #ARGV[2] or #digest ~= #ARGV[1] then return 'corrupt' end
if digest ~= ARGV[1] or expires <= ARGV[2] then return 'missing' end
redis.call('DEL', KEYS[1])
return text
`)

// swapScript has the key of attempts; the arguments are the version that must be there, the value, the present, when the new
// ones expire, milliseconds to keep them for. What has expired counts as none, which has the version 0. The server keeps them
// no shorter than until a minute after they expire by its own clock too: if a clock that is ahead made it drop them, there
// would be more attempts than there may be.
var swapScript = redis.NewScript(`
local text = redis.pcall('GET', KEYS[1])
local there = '0'
if text then
  if type(text) ~= 'string' then return 'corrupt' end
  local version, expires = string.match(text, '^ca1 (%d+) (%d+) %d+ [%d-]+ %x+$')
  if not version or #expires ~= #ARGV[3] then return 'corrupt' end
  if expires > ARGV[3] then there = version end
end
if there ~= ARGV[1] then return 'conflict' end
local px = math.max(tonumber(ARGV[5]), math.ceil(tonumber(ARGV[4]) / 1000) - redis.call('TIME')[1] * 1000 + 60000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', string.format('%.0f', px))
return 'done'
`)
