"""The atomic steps, in Lua: each is asked twice without harm, and most answer the same twice.

Asked twice, because an answer can be lost when the server dies or a connection breaks, and redis-py then asks again.
A compare-and-set that finds its own new value in place therefore says yes: it was this very call that put it there,
for every record carries a moment or a random word that no other call has. Where something is taken away (MOVE_DUE,
UNBIND_LINK, UNMAP_PERSON) the second answer is that it was gone already.

Lua numbers are doubles, exact for epoch milliseconds. Records are JSON; scripts read their `version` and `final`
and never write JSON themselves, so nothing is re-encoded on the way.
"""

WAKE = """
local function wake(due, kick, job, at)
  local known = redis.call('ZSCORE', due, job)
  if not known or tonumber(at) < tonumber(known) then redis.call('ZADD', due, at, job) end
  redis.call('LPUSH', kick, '1')
  redis.call('LTRIM', kick, 0, 63)
  redis.call('PEXPIRE', kick, 60000)
end
"""
"""Shared: a job is due at `at` or earlier, and a waiting worker is nudged."""

WAKE_JOB = WAKE + "wake(KEYS[1], KEYS[2], ARGV[1], ARGV[2])"
"""KEYS due kick · ARGV job at"""

WAKE_JOBS = WAKE + "for i = 1, #ARGV, 2 do wake(KEYS[1], KEYS[2], ARGV[i], ARGV[i + 1]) end"
"""KEYS due kick · ARGV (job at)…"""

READ_BOOKS = """
return {
  table.concat(redis.call('ZRANGE', KEYS[1], 0, -1), ' '),
  table.concat(redis.call('HGETALL', KEYS[2]), ' '),
  table.concat(redis.call('SMEMBERS', KEYS[3]), ' '),
}
"""
"""KEYS walks updated releases:waiting → each as one text, which a client takes apart a hundred times faster than it
reads thousands of small answers. Ids and stamps have no spaces in them."""

RECORD_INTENT = (
    WAKE
    + """
local old = redis.call('HGET', KEYS[1], ARGV[1])
local known = old and cjson.decode(old)
if known and known.id == cjson.decode(ARGV[2]).id then return false end
if ARGV[7] ~= '0' and redis.call('EXISTS', KEYS[5]) == 1 then return 'repeated' end
if known and #known.unwritten > 0 and known.final then return old end
if ARGV[7] ~= '0' then redis.call('SET', KEYS[5], 'recorded', 'EX', ARGV[7]) end
if known and not known.final then return old end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SADD', KEYS[2], ARGV[4])
wake(KEYS[3], KEYS[4], ARGV[5], ARGV[6])
if ARGV[8] then wake(KEYS[3], KEYS[4], ARGV[8], ARGV[9]) end
return false
"""
)
"""KEYS decision open due kick delivery · ARGV field record ttl member job at delivery_ttl|0 (job at)?
→ the decision that stands in the way, 'repeated', or false: recorded.

In the way stands one that is under way, or one whose end is not in the ledger yet: what took its place would be all
that is known. Asked again about the very same decision it does nothing, whatever that has become meanwhile: an undone
one that was put back would be sent. 'repeated': this delivery was here before."""

SWAP_DECISION = (
    WAKE
    + """
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old == ARGV[3] then return 1 end
if not old or cjson.decode(old).version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
if cjson.decode(ARGV[3]).final then redis.call('SREM', KEYS[2], ARGV[5]) end
if ARGV[6] ~= '' then wake(KEYS[3], KEYS[4], ARGV[6], ARGV[7]) end
return 1
"""
)
"""KEYS decision open due kick · ARGV field version record ttl member job at → 1, or 0 when somebody was faster."""

SWAP_OPERATION = (
    WAKE
    + """
local old = redis.call('GET', KEYS[1])
if old == ARGV[2] then return 1 end
local version = old and cjson.decode(old).version or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call(ARGV[5] ~= '' and 'SADD' or 'SREM', KEYS[2], ARGV[4])
if ARGV[6] ~= '' then wake(KEYS[3], KEYS[4], ARGV[6], ARGV[7]) end
return 1
"""
)
"""KEYS operation open due kick · ARGV version|0 record ttl id open|'' job at → 1, or 0 when somebody was faster."""

CLAIM_JOBS = """
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', clock)) do
  redis.call('ZREM', KEYS[2], job)
  redis.call('HDEL', KEYS[3], job)
  redis.call('HINCRBY', KEYS[4], job, 1)
  redis.call('ZADD', KEYS[1], ARGV[1], job)
end
local room = {}
for i = 5, #ARGV, 2 do room[ARGV[i]] = tonumber(ARGV[i + 1]) end
local claimed, left_alone, due, held = {}, 0, {}, redis.call('HGETALL', KEYS[3])
for i = 1, #held, 2 do
  if held[i + 1] == ARGV[3] then claimed[#claimed + 1] = held[i] end
end
repeat
  due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', left_alone, 1000)
  for _, job in ipairs(due) do
    local name = string.match(job, '^[^|]*')
    local left = room[name] or tonumber(ARGV[2])
    if left > 0 and not redis.call('ZSCORE', KEYS[2], job) then
      room[name] = left - 1
      redis.call('ZREM', KEYS[1], job)
      redis.call('ZADD', KEYS[2], clock + tonumber(ARGV[4]), job)
      redis.call('HSET', KEYS[3], job, ARGV[3])
      claimed[#claimed + 1] = job
    else
      left_alone = left_alone + 1
    end
  end
until #due < 1000 or left_alone >= 10000
return claimed
"""
"""KEYS due running tokens troubles · ARGV now room token lease_ms (name room)… → jobs now leased to `token`.

Asked again with the same token it answers with what it leased before, too: the first answer may have been lost. At
most `room` of each name, or as many as stand beside the name. Ten thousand that have no room are looked past, which
bounds the step: a few milliseconds then, next to nothing as long as nothing piles up. Leases run on the server's own
clock, so that workers need not agree on the time to respect each other."""

RENEW_JOBS = """
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then
    redis.call('ZADD', KEYS[1], 'XX', clock + tonumber(ARGV[1]), ARGV[i])
  end
end
"""
"""KEYS running tokens · ARGV lease_ms (job token)… – a lease that was lost stays lost."""

FINISH_JOB = (
    WAKE
    + """
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[4] == 'ok' then
  redis.call('HDEL', KEYS[4], ARGV[1])
else
  redis.call('HINCRBY', KEYS[4], ARGV[1], 1)
end
if ARGV[3] ~= '' then
  wake(KEYS[1], KEYS[5], ARGV[1], ARGV[3])
elseif redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  wake(KEYS[1], KEYS[5], ARGV[1], redis.call('ZSCORE', KEYS[1], ARGV[1]))
end
return 1
"""
)
"""KEYS due running tokens troubles kick · ARGV job token next_at|'' ok|failed"""

APPEND_LEDGER = """
if redis.call('EXISTS', KEYS[3]) == 1 then return 2 end
local head = redis.call('HGET', KEYS[2], 'hash') or ''
if head ~= ARGV[1] then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], 'hash', ARGV[3], 'seq', ARGV[4], 'mac', ARGV[5])
redis.call('SET', KEYS[3], '1', 'EX', ARGV[6])
return 1
"""
"""KEYS ledger head seen · ARGV expected_head entry new_head seq mac seen_ttl → 1 added, 2 known, 0 head moved."""

REPLACE_ENTRY = """
local found = redis.call('LINDEX', KEYS[1], ARGV[1])
if found == ARGV[3] then return 1 end
if found ~= ARGV[2] then return 0 end
redis.call('LSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
"""KEYS ledger · ARGV place old new → 1, or 0 when another lies there: older ones went to a file meanwhile."""

TRIM_LEDGER = """
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
if redis.call('LINDEX', KEYS[1], ARGV[3] - 1) ~= ARGV[2] then return 0 end
redis.call('LTRIM', KEYS[1], ARGV[3], -1)
return 1
"""
"""KEYS ledger · ARGV first last count – drop what was handed over, if it is still what lies there."""

ADMIT_CALLS = """
local time = redis.call('TIME')
local clock = time[1] * 1000 + time[2] / 1000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), clock)
local gap, admitted, answers = tonumber(ARGV[1]), false, {}
for i = 2, #KEYS do
  local held = redis.call('PTTL', KEYS[i])
  local wait = math.ceil(due + gap - tonumber(ARGV[i]) - clock)
  if held > 0 then
    answers[i - 1] = {held, 1}
  elseif wait > 0 then
    answers[i - 1] = {wait, 0}
  else
    answers[i - 1] = {0, 0}
    due, admitted = due + gap, true
  end
end
if admitted then redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', math.ceil(due - clock) + 1000) end
return answers
"""
"""KEYS budget hold… · ARGV gap_ms reach_ms… → {wait_ms, held?}… for each call in turn. GCRA: `reach` is how far calls
may run ahead."""

EXTEND_HOLD = """
local left = redis.call('PTTL', KEYS[1])
if left < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
"""
"""KEYS hold · ARGV ms – a later end wins."""

CLAIM_FETCH = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
if over < 0 then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return false
end
return redis.call('ZRANGE', KEYS[1], over, over, 'WITHSCORES')[2]
"""
"""KEYS fetches · ARGV now_ms window_ms limit nonce → false: go; else the fetch (epoch ms) that has to age out first."""

DROP_IF = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""KEYS key · ARGV value – delete only what is still that value (a lock of ours, a rejected token)."""

ADMIT_POST = """
local held = redis.call('PTTL', KEYS[3])
if held > 0 then return held end
local time = redis.call('TIME')
local clock = time[1] * 1000 + time[2] / 1000
local after = {}
for i = 1, 2 do
  local gap, reach = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  after[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), clock) + gap
  local wait = math.ceil(after[i] - reach - clock)
  if wait > 0 then return wait end
end
for i = 1, 2 do
  redis.call('SET', KEYS[i], string.format('%.3f', after[i]), 'PX', math.ceil(after[i] - clock) + 1000)
end
return 0
"""
"""KEYS overall channel hold · ARGV gap_ms reach_ms channel_gap_ms channel_reach_ms → wait_ms; 0: counted."""

SWAP_FIELD = (
    WAKE
    + """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[3] then return 1 end
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
wake(KEYS[2], KEYS[3], ARGV[4], ARGV[5])
return 1
"""
)
"""KEYS hash due kick · ARGV field old|'' new job at → 1, or 0 when it is not `old` any more."""

CLAIM_TEXT = """
local old = redis.call('GET', KEYS[1])
if old == ARGV[1] then return false end
if old then return old end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return false
"""
"""KEYS key · ARGV text ttl → the text that is there already, or false: it is ours."""

SWAP_TEXT = """
local old = redis.call('GET', KEYS[1])
if old and old == ARGV[2] then return 1 end
if old ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""
"""KEYS key · ARGV old new|'' ttl → 1, or 0 when it is not `old` any more."""

MOVE_DUE = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
"""
"""KEYS due · ARGV member seen due|'' → 1, or 0 when it was planned anew since. Scores come back as written."""

BIND_LINK = """
local owner = redis.call('HGET', KEYS[2], ARGV[2])
if owner and owner ~= ARGV[1] then return owner end
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then redis.call('HDEL', KEYS[2], cjson.decode(old).sdp) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
return false
"""
"""KEYS links linked_sdp · ARGV slack sdp record → the other Slack person who has this account, or false: bound."""

UNBIND_LINK = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then return false end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], cjson.decode(old).sdp)
return old
"""
"""KEYS links linked_sdp · ARGV slack → the link that was, or false."""

MAP_PERSON = """
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if cjson.decode(all[i + 1]).slack == ARGV[2] then redis.call('HDEL', KEYS[1], all[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
"""
"""KEYS map · ARGV sdp slack record – each of the two is in the map once."""

UNMAP_PERSON = """
local gone = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] == ARGV[1] or cjson.decode(all[i + 1]).slack == ARGV[1] then
    gone = gone + redis.call('HDEL', KEYS[1], all[i])
  end
end
return gone
"""
"""KEYS map · ARGV sdp|slack → how many entries went."""
