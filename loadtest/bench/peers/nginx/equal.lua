-- The peer with our duties: method, content type and body checked, exactly the credentials of the set, normalised
-- and validated as service/results/credentials.ts does it, the embargo, HMAC, and one round trip for epoch, result
-- and failure counters; wrong guesses counted; outcomes counted; problem answers.
--
-- In its favour: it stores and returns the finished document (no unsealing, decoding or rendering, about 1 kB a
-- candidate in Redis in place of 139 B), it has no membership filter to look into, no Postgres behind it, no
-- proof of work, and learns publications from Redis.
local cjson = require 'cjson.safe'
local redis = require 'nginx.redis'
local makeDigest = require 'digest'
local validate = require 'credentials'

local _M = {}
local digest, counterSecret, redisPort

-- By series: the instant of release in seconds; and the epoch that was read with them. Nothing before the first poll.
local releases, epoch
-- For a Prometheus page: lookups by outcome, and how long they took.
local outcomes, buckets = {}, {}

-- Wrong guesses per counted credential within a window, as reliability demands.
local MOST_WRONG, WINDOW_SECONDS = 5, 900
local PROBLEMS = {
  [400] = { 'invalid-request', 'The request does not have the form that is expected.' },
  [403] = { 'not-released', 'The results of this series are not released.' },
  [404] = { 'candidate-not-found', 'No result is found for these credentials. Please check every character.' },
  [405] = { 'invalid-request', 'The request does not have the form that is expected.' },
  [415] = { 'invalid-request', 'The request does not have the form that is expected.' },
  [429] = { 'too-many-attempts', 'There were too many wrong attempts. Please wait.' },
  [503] = { 'temporarily-unavailable', 'The result cannot be read at this moment. Please try again shortly.' },
}

local function connect()
  local client = redis:new()
  client:set_timeout(1000)
  local ok = client:connect('127.0.0.1', redisPort)
  return ok and client
end

local function count(outcome)
  outcomes[outcome] = (outcomes[outcome] or 0) + 1
end

local function problem(status)
  count(status)
  local entry = PROBLEMS[status]
  ngx.status = status
  ngx.header['Content-Type'] = 'application/problem+json'
  if status == 403 or status == 429 or status == 503 then ngx.header['Retry-After'] = math.random(1, 4) end
  if status == 405 then ngx.header['Allow'] = 'POST' end
  ngx.print('{"type":"urn:fangbang:problem:', entry[1], '","title":"', entry[2], '","status":', status,
    ',"requestId":"', ngx.var.request_id, '"}')
end

function _M.configure(pepper, port)
  digest = makeDigest(pepper)
  counterSecret = digest('counters')
  redisPort = port
end

-- Publications and epoch, about once a second.
local function poll()
  local client = connect()
  if not client then return end
  local values = client:mget('bench:releases', 'epoch')
  client:set_keepalive(60000, 128)
  if not values or values[1] == ngx.null then return end
  releases = cjson.decode(values[1]) or releases
  epoch = values[2] ~= ngx.null and values[2] or '0'
end

function _M.start()
  ngx.timer.at(0, poll)
  ngx.timer.every(1, poll)
end

-- 3 bytes name a counter: bounded space, so that a flood cannot fill Redis. For so few bytes the cheapest keyed
-- hash that nginx has will do (ours is SipHash).
local function counterKey(credential)
  return 'c' .. ngx.md5_bin(counterSecret .. credential):sub(1, 3)
end

local function countWrong(client, keys)
  client:init_pipeline(4)
  for i = 1, #keys do
    client:incr(keys[i])
    client:expire(keys[i], WINDOW_SECONDS)
  end
  local replies = client:commit_pipeline()
  if not replies then return nil end
  for i = 1, #replies, 2 do
    if replies[i] > MOST_WRONG then return 429 end
  end
  return 404
end

function _M.answer()
  local started = ngx.now()
  if ngx.req.get_method() ~= 'POST' then return problem(405) end
  local contentType = ngx.var.content_type
  if not contentType or not ngx.re.find(contentType, [[^application/json\s*(?:;|$)]], 'ijo') then
    return problem(415)
  end
  ngx.req.read_body()
  local fields = cjson.decode(ngx.req.get_body_data())
  if type(fields) ~= 'table' then return problem(400) end

  if not releases then return problem(503) end
  local series = ngx.var.series
  local opensAt = releases[series]
  if not opensAt then return problem(404) end
  local number, identity = validate(fields)
  if not number then return problem(400) end
  if started < opensAt then return problem(403) end

  local id = digest(series .. '\n' .. number .. '\n' .. identity):sub(1, 16)
  local counters = { counterKey(number), counterKey(identity) }
  local client = connect()
  if not client then return problem(503) end
  -- One command for the whole: cheaper for Lua than a pipeline of single ones.
  local values = client:mget('epoch', 'd' .. id, counters[1], counters[2])
  if not values then return problem(503) end
  if values[1] ~= ngx.null and values[1] ~= epoch then
    client:set_keepalive(60000, 128)
    return problem(503)
  end
  for i = 3, 4 do
    if values[i] ~= ngx.null and tonumber(values[i]) >= MOST_WRONG then
      client:set_keepalive(60000, 128)
      return problem(429)
    end
  end
  local document = values[2]
  if document == ngx.null then
    local status = countWrong(client, counters)
    client:set_keepalive(60000, 128)
    return problem(status or 503)
  end
  client:set_keepalive(60000, 128)
  count(200)
  ngx.update_time()
  local bucket = math.ceil(math.log((ngx.now() - started) * 1000 + 1))
  buckets[bucket] = (buckets[bucket] or 0) + 1
  ngx.header['Content-Type'] = 'application/json; charset=utf-8'
  ngx.header['Content-Length'] = #document
  ngx.print(document)
end

return _M
