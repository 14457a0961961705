-- The load: sends the requests of a file one after the other, round and round, and prints the sums as JSON.
-- Arguments: the file of requests, "count" to count the answers by status (else wrk's own count of 4xx and 5xx
-- is the check, which costs the load's core less).
--
-- The requests lie outside Lua's heap. LuaJIT hashes a few bytes of a string, so that answers which differ only in
-- their request id all collide until they are collected; in a large heap that comes late (86 µs an answer, in place
-- of 15).
local ffi = require 'ffi'
ffi.cdef 'void *malloc(size_t size);'

local bytes, starts, lengths
local requestCount = 0
local threads = {}

-- The file: for each request its length in bytes, a line feed, and the request as it goes over the wire.
local function readRequests(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  local at, found = 1, {}
  while at <= #text do
    local lineEnd = text:find('\n', at, true)
    local length = tonumber(text:sub(at, lineEnd - 1))
    -- Counted from 0, the request begins where the line feed is when counted from 1.
    found[#found + 1] = { start = lineEnd, length = length }
    at = lineEnd + 1 + length
  end
  bytes = ffi.cast('char *', ffi.C.malloc(#text))
  ffi.copy(bytes, text, #text)
  requestCount = #found
  starts, lengths = ffi.new('uint32_t[?]', requestCount), ffi.new('uint32_t[?]', requestCount)
  for i, request in ipairs(found) do
    starts[i - 1], lengths[i - 1] = request.start, request.length
  end
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  readRequests(args[1])
  collectgarbage()
  statuses = {}
  if args[2] == 'count' then
    response = function(status)
      statuses[status] = (statuses[status] or 0) + 1
    end
  end
end

local sent = -1
function request()
  sent = sent + 1
  if sent == requestCount then sent = 0 end
  return ffi.string(bytes + starts[sent], lengths[sent])
end

function done(summary, latency)
  local counted = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get('statuses') or {}) do
      counted[#counted + 1] = string.format('"%d":%d', status, count)
    end
  end
  local errors = summary.errors
  print(string.format(
    'bench:{"requests":%d,"durationUs":%d,"bytes":%d,"errors":%d,"badStatuses":%d,"p50Us":%d,"p99Us":%d,"statuses":{%s}}',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), table.concat(counted, ',')))
end
