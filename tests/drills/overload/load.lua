-- The load of the drill: lookups of all candidates one after the other, round and round, every answer checked.
-- Arguments: the file of requests, the file of right answers, both in the order of the candidates, whose numbers
-- end in their place (from 1 on). Each file: length in bytes, a line feed, the bytes, and so on.
--
-- wrk does not say which request an answer belongs to; the candidate in it does.
local ffi = require 'ffi'
ffi.cdef [[
void *malloc(size_t size);
int memcmp(const void *a, const void *b, size_t size);
typedef struct { long seconds; long nanoseconds; } moment;
int clock_gettime(int clock, moment *at);
]]

local LATE_MS = 1000
local moment = ffi.new('moment')

local function nowMs()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) * 1000 + tonumber(moment.nanoseconds) / 1e6
end

-- Outside Lua's heap, which stays small so that it is collected often.
local function readFile(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  local at, found = 1, {}
  while at <= #text do
    local lineEnd = text:find('\n', at, true)
    local length = tonumber(text:sub(at, lineEnd - 1))
    found[#found + 1] = { start = lineEnd, length = length }
    at = lineEnd + 1 + length
  end
  local bytes = ffi.cast('char *', ffi.C.malloc(#text))
  ffi.copy(bytes, text, #text)
  local starts, lengths = ffi.new('uint32_t[?]', #found), ffi.new('uint32_t[?]', #found)
  for i, one in ipairs(found) do
    starts[i - 1], lengths[i - 1] = one.start, one.length
  end
  return { bytes = bytes, starts = starts, lengths = lengths, count = #found }
end

local requests, answers, sentMs
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

-- Globals, for done() to read.
function init(args)
  requests, answers = readFile(args[1]), readFile(args[2])
  sentMs = ffi.new('double[?]', requests.count)
  collectgarbage()
  sent, right, late, wrong, shed, shedWithoutWait, other = 0, 0, 0, 0, 0, 0, 0
  perSecond, tookMs, waits = {}, {}, {}
  beganMs = nowMs()
end

local next = -1
function request()
  next = next + 1
  if next == requests.count then next = 0 end
  sent = sent + 1
  sentMs[next] = nowMs()
  return ffi.string(requests.bytes + requests.starts[next], requests.lengths[next])
end

local NUMBER = '"candidate":{"number":"'

local function admitted(body)
  local _, numberEnd = body:find(NUMBER, 1, true)
  local place = numberEnd and tonumber(body:sub(numberEnd + 9, numberEnd + 14))
  if not place or place < 1 or place > answers.count then
    wrong = wrong + 1
    return
  end
  place = place - 1
  if #body ~= answers.lengths[place] or ffi.C.memcmp(body, answers.bytes + answers.starts[place], #body) ~= 0 then
    wrong = wrong + 1
    return
  end
  local now = nowMs()
  local took = now - sentMs[place]
  local bucket = math.floor(took)
  tookMs[bucket] = (tookMs[bucket] or 0) + 1
  if took > LATE_MS then
    late = late + 1
    return
  end
  right = right + 1
  local second = math.floor((now - beganMs) / 1000)
  perSecond[second] = (perSecond[second] or 0) + 1
end

function response(status, headers, body)
  if status == 200 then
    admitted(body)
  elseif status == 503 then
    shed = shed + 1
    local wait = headers['retry-after'] or headers['Retry-After']
    if wait then
      waits[wait] = (waits[wait] or 0) + 1
    else
      shedWithoutWait = shedWithoutWait + 1
    end
  else
    other = other + 1
  end
end

local function object(counts)
  local parts = {}
  for key, count in pairs(counts) do
    parts[#parts + 1] = string.format('"%s":%d', tostring(key), count)
  end
  return '{' .. table.concat(parts, ',') .. '}'
end

function done(summary)
  local thread = threads[1]
  local errors = summary.errors
  print(string.format(
    'drill:{"durationUs":%d,"answers":%d,"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d},'
      .. '"sent":%d,"right":%d,"late":%d,"wrong":%d,"shed":%d,"shedWithoutWait":%d,"other":%d,'
      .. '"tookMs":%s,"waits":%s,"perSecond":%s}',
    summary.duration, summary.requests, errors.connect, errors.read, errors.write, errors.timeout,
    thread:get('sent'), thread:get('right'), thread:get('late'), thread:get('wrong'), thread:get('shed'),
    thread:get('shedWithoutWait'), thread:get('other'),
    object(thread:get('tookMs')), object(thread:get('waits')), object(thread:get('perSecond'))))
end
