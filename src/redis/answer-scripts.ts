import { mostAheadMs } from "./answer-text.ts";
import { createScript } from "./script.ts";

/** About as much is sent to and fro for one script: several are under way, and each is to come within 50 ms. */
export const mostScriptBytes = 262_144;

/**
 * A task is a hash. Its fields:
 *
 * - `a:<facets>`: what an upstream told of the task and these costlier parts, `<sequence>:<fresh until>:<sealed>`
 * - `n`: that it is not there, or not ours to see, in the same form
 * - `c:<facets>`: who is asking an upstream for it, `<until>:<replica>`
 * - `q`: until when it must not share a call, sealed
 *
 * Facets are sorted and separated by commas. Times are the callers', because the server's clock is nobody's.
 */
const common = `
local now, replica = tonumber(ARGV[1]), ARGV[2]
-- Nobody can have asked so far in the future: what says so is not worth anything.
local latest = (now + ${mostAheadMs}) * 1000

local function covers(told, wanted)
  if wanted == "" then return true end
  local list = "," .. told .. ","
  for facet in string.gmatch(wanted, "[^,]+") do
    if not string.find(list, "," .. facet .. ",", 1, true) then return false end
  end
  return true
end

local function facets(field) return string.sub(field, 3) end

local function is(field, kind) return string.sub(field, 1, 1) == kind end

-- Also when the field is that the task is not there: then it has no parts.
local function answers(field, wanted) return field == "n" or (is(field, "a") and covers(facets(field), wanted)) end

-- Of an answer: the sequence, and until when it is fresh.
local function times(value)
  local sequence, fresh = string.match(value, "^(%d+):(%d+):")
  sequence = tonumber(sequence)
  if not sequence or sequence > latest then return nil end
  return sequence, tonumber(fresh)
end

local function keep(key, milliseconds)
  if redis.call("PTTL", key) < milliseconds then redis.call("PEXPIRE", key, milliseconds) end
end
`;

/** What becomes of a question, in the order of the script's numbers. */
export const verdicts = ["told", "ours", "theirs", "later"] as const;

export type Verdict = (typeof verdicts)[number];

/**
 * Keys: tasks. Arguments: now, replica, for how long a claim holds, and for each key the facets that are wanted.
 * Returns for each key its verdict and those of its fields that tell something: all answers to the question, and the
 * newest answer. Once that is much to send, the other keys are left for later.
 */
export const consultScript = createScript(`${common}
local function isNewest(fields, field, value)
  local sequence = (field == "n" or is(field, "a")) and times(value)
  if not sequence then return false end
  for at = 1, #fields, 2 do
    local other = (fields[at] == "n" or is(fields[at], "a")) and times(fields[at + 1])
    if other and other > sequence then return false end
  end
  return true
end

local claimMs = tonumber(ARGV[3])
local replies, bytes = {}, 0

local function consult(key, wanted)
  local fields = redis.call("HGETALL", key)
  local newest, freshUntil, verdict, told = -1, 0, nil, {}

  local function tell(field, value)
    told[#told + 1], told[#told + 2] = field, value
    bytes = bytes + #value
  end

  for at = 1, #fields, 2 do
    local field, value = fields[at], fields[at + 1]
    if answers(field, wanted) then
      local sequence, fresh = times(value)
      if sequence and sequence > newest then newest, freshUntil = sequence, fresh end
      tell(field, value)
    elseif field == "q" or isNewest(fields, field, value) then
      tell(field, value)
    elseif is(field, "c") and covers(facets(field), wanted) then
      local untilAt, who = string.match(value, "^(%d+):(.+)$")
      untilAt = tonumber(untilAt)
      -- One that holds for longer than any claim can was made by a clock that is wrong.
      if untilAt and untilAt > now and untilAt <= now + 2 * claimMs then
        if who == replica then verdict = 1 else verdict = verdict or 2 end
      end
    end
  end
  if freshUntil > now then verdict = 0 end
  if not verdict then
    redis.call("HSET", key, "c:" .. wanted, string.format("%.0f:%s", now + claimMs, replica))
    keep(key, claimMs)
    verdict = 1
  end
  return { verdict, told }
end

for index, key in ipairs(KEYS) do
  replies[index] = bytes < ${mostScriptBytes} and consult(key, ARGV[index + 3]) or { 3, {} }
end
return replies
`);

/**
 * Keys: tasks. Arguments: now, replica, and for each key three of: \`answer\`, field and value; \`release\` and facets;
 * \`suspect\`, nothing, and until when (sealed), empty for no longer. The fourth is for how many milliseconds the key is to be kept.
 */
export const writeScript = createScript(`${common}
local function read(key)
  local held, fields = {}, redis.call("HGETALL", key)
  for at = 1, #fields, 2 do held[fields[at]] = fields[at + 1] end
  return held
end

-- As \`learn\` of the room of caches does, except for what stands sealed.
local function learn(key, held, field, value)
  local sequence, wanted = times(value), facets(field)
  if not sequence then return end
  for other, told in pairs(held) do
    if answers(other, wanted) then
      local theirs = times(told)
      if theirs and theirs >= sequence then return end
    end
  end
  for other, told in pairs(held) do
    if other == "n" or is(other, "a") then
      local theirs = times(told)
      local isOlder = not theirs or theirs < sequence
      if isOlder and (other == "n" or answers(field, facets(other))) then redis.call("HDEL", key, other) end
    end
  end
  redis.call("HSET", key, field, value)
end

local function release(key, held, isAnswered)
  for field, value in pairs(held) do
    if is(field, "c") and isAnswered(facets(field)) and string.match(value, ":(.+)$") == replica then
      redis.call("HDEL", key, field)
    end
  end
end

for index, key in ipairs(KEYS) do
  local at = index * 4 - 1
  local what, name, value, keepMs = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local held = read(key)
  if what == "answer" then
    learn(key, held, name, value)
    release(key, held, function(asked) return answers(name, asked) end)
    keep(key, keepMs)
  elseif what == "release" then
    release(key, held, function(asked) return covers(name, asked) end)
  elseif value == "" then
    redis.call("HDEL", key, "q")
  else
    redis.call("HSET", key, "q", value)
    keep(key, keepMs)
  end
end
`);
