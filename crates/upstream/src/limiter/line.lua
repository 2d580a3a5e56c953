-- The line of one account for all instances: who of those that wait has a place now.
--
-- KEYS[1] what is known of the account, KEYS[2] the instances and when each was last heard of;
-- ARGV[1] what the asking instance holds and wants. Times are in milliseconds, of the line's own clock: it goes
-- with this server's, and does not follow when somebody sets that one.
-- The rules are those of core::share; a report replaces the one before it.

local GONE = 15000      -- an instance that is silent for so long sends nothing more to HubSpot
local PRESENT = 3000    -- one that is silent for so long may be using its part of the limits alone
local WAITS = 1000      -- how long a report of waiting calls holds
local REPORTED = 2500   -- so long after a loss every instance that is present has reported again
local FORGOTTEN = 11000 -- so long after a loss nothing from before it counts at HubSpot
local CERTAIN = 200     -- an older remark on calls by others says nothing any more
local SOON = 100        -- when to look again while nothing that is known of is in the way
local STEP = 1000000    -- how far an app's clock moves with one call, at weight 1
local KEPT = 86400000
local DAYS = 93600000   -- two ends of a day that are further apart are not of one account
local PROBE = 900000    -- after HubSpot refused the day, one call tries again when so long has passed

local time = redis.call('TIME')
local wall = time[1] * 1000 + math.floor(time[2] / 1000)
local report = cjson.decode(ARGV[1])
redis.call('ZADD', KEYS[2], wall, report.me)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', wall - GONE)
-- Signs of life from before the server's clock was set back.
redis.call('ZREMRANGEBYSCORE', KEYS[2], wall + PRESENT, '+inf')
redis.call('PEXPIRE', KEYS[2], KEPT)
local present = redis.call('ZCOUNT', KEYS[2], wall - PRESENT, '+inf')
local all = math.max(report.all, present)

local function fresh(version, lost)
  return { version = version, lost = lost, members = {}, lanes = { {}, {}, {} }, daily = 0, resets = 0 }
end

local stored = redis.call('GET', KEYS[1])
local read, account = pcall(cjson.decode, stored or '')

-- The asking instance measured how long ago it was here: whatever the server's clock shows, no more and no less passed.
local now = wall
if read then
  now = wall + (account.shift or 0)
  local before = account.members[report.me]
  if before and report.since then
    now = math.min(math.max(now, before.seen + report.since[1]), before.seen + report.since[2])
  end
  now = math.max(now, account.now or now)
end

if not read then
  -- Never seen, or this server came up without what it knew.
  local told, server = pcall(redis.call, 'INFO', 'server')
  local uptime = told and tonumber(string.match(server, 'uptime_in_seconds:(%d+)')) or 0
  account = fresh(report.version, report.version > 0 and now or now - uptime * 1000)
elseif account.version < report.version then
  -- This server came back with what it knew some time ago.
  account = fresh(report.version, now)
end
account.version = account.version + 1
account.now, account.shift = now, now - wall

-- The day's end is by the clocks of the instances. One that was far ahead does not make a day of a year.
if account.resets > report.resets + DAYS then account.resets = report.resets end
if account.resets < report.resets then
  account.resets, account.daily, account.day = report.resets, 0, nil
end
if account.resets == report.resets then
  account.daily = math.max(account.daily, report.daily)
end

-- Whether HubSpot says that the day's calls are used up: who learned of it last is right.
local day = account.day or { refused = 0, opened = 0, probe = 0 }
account.day = day
if account.resets == report.resets and report.day then
  if report.day.refused and now - report.day.refused > day.refused then
    day.refused, day.probe = now - report.day.refused, math.max(day.probe, now + report.day.probe)
  end
  if report.day.opened then day.opened = math.max(day.opened, now - report.day.opened) end
end
local over = day.refused > day.opened

-- What the asking instance said, with its ages made into moments.
local me = { seen = now, lanes = {} }
account.members[report.me] = me
for number, said in ipairs(report.lanes) do
  local finished = {}
  for _, some in ipairs(said.finished) do
    finished[#finished + 1] = { now - some[1] + said.interval, tostring(some[2]), some[3] }
  end
  me.lanes[number] = { under = said.under, finished = finished, waiting = said.waiting }
end

local function add(counts, app, count)
  counts[app] = (counts[app] or 0) + count
end

-- Places taken in a lane: by app, in all, by others than the asking instance, and under way.
local function places(number, from)
  local sum = { by = {}, all = 0, elsewhere = 0, under = 0, first = nil }
  for id, member in pairs(account.members) do
    local lane = member.lanes[number]
    local count = 0
    for app, under in pairs(lane.under) do
      add(sum.by, app, under)
      count, sum.under = count + under, sum.under + under
    end
    for _, some in ipairs(lane.finished) do
      if some[1] > from then
        add(sum.by, some[2], some[3])
        count = count + some[3]
        if some[1] > now and (not sum.first or some[1] < sum.first) then sum.first = some[1] end
      end
    end
    sum.all = sum.all + count
    if id ~= report.me then sum.elsewhere = sum.elsewhere + count end
  end
  return sum
end

for id, member in pairs(account.members) do
  if member.seen < now - GONE then account.members[id] = nil end
end

local answer = { version = account.version, lanes = {}, resets = account.resets }
local holds = now < account.lost + REPORTED or (present < all and now < account.lost + FORGOTTEN)

for number, said in ipairs(report.lanes) do
  local lane = account.lanes[number]
  lane.clock, lane.clocks, lane.strangers = lane.clock or 0, lane.clocks or {}, lane.strangers or {}
  lane.paused = math.max(lane.paused or 0, now + said.pause)
  if said.refused then lane.refused = math.max(lane.refused or 0, now - said.refused) end
  if said.passed then lane.passed = math.max(lane.passed or 0, now - said.passed) end

  local strangers, theirs = {}, 0
  for _, some in ipairs(lane.strangers) do
    if some[1] > now then
      strangers[#strangers + 1] = some
      theirs = theirs + some[2]
    end
  end
  if said.others and said.others[1] <= CERTAIN then
    local more = said.others[2] - places(number, now - said.others[1]).elsewhere - theirs
    if more > 0 then
      strangers[#strangers + 1] = { now + said.interval, more }
      theirs = theirs + more
    end
  end
  lane.strangers = strangers

  local taken = places(number, now)
  -- An instance that is not heard of may be using its part of the limits.
  local max = math.floor(said.max * present / all)
  local free = math.max(0, max - taken.all - theirs)
  if (lane.refused or 0) > (lane.passed or 0) then
    -- After a pause one call tries before the others.
    free = taken.under == 0 and math.min(free, 1) or 0
  end
  if holds or now < lane.paused or account.daily >= report.daily_max then free = 0 end
  if over then free = now < day.probe and 0 or math.min(free, 1) end

  -- Who waits, wherever it is.
  local line = {}
  for id, member in pairs(account.members) do
    if member.seen > now - WAITS then
      for app, wish in pairs(member.lanes[number].waiting) do
        local one = line[app]
        if not one then
          -- From now on it has its turn, whoever asks first.
          lane.clocks[app] = lane.clocks[app] or lane.clock
          one = { app = app, left = 0, by = {}, weight = wish[2], clock = lane.clocks[app] }
          line[app] = one
        end
        one.left = one.left + wish[1]
        one.by[id] = wish[1]
      end
    end
  end
  for app, clock in pairs(lane.clocks) do
    -- What an app did not use while it was away is gone.
    if not line[app] and clock <= lane.clock then lane.clocks[app] = nil end
  end

  local function kept_for_others(app)
    if number > 1 then return 0 end
    local kept = 0
    for other, reserve in pairs(report.reserves) do
      if other ~= app then kept = kept + math.max(0, reserve - (taken.by[other] or 0)) end
    end
    return kept
  end

  local given = {}
  while free > 0 do
    local best
    for _, one in pairs(line) do
      local before = not best or one.clock < best.clock or (one.clock == best.clock and one.app < best.app)
      if one.left > 0 and before and free > kept_for_others(one.app) then best = one end
    end
    if not best then break end
    -- Where most of the app's calls wait. What falls to another instance stays free until it asks.
    local where, most = nil, 0
    for id, count in pairs(best.by) do
      if count > most or (count == most and id == report.me) then where, most = id, count end
    end
    local step = math.floor(STEP / best.weight)
    if where == report.me then
      add(given, best.app, 1)
      add(me.lanes[number].under, best.app, 1)
      lane.clock = math.max(lane.clock, best.clock)
      lane.clocks[best.app] = lane.clocks[best.app] + step
      account.daily = account.daily + 1
      if over then day.probe = now + PROBE end
    end
    best.clock, best.left = best.clock + step, best.left - 1
    best.by[where] = most - 1
    add(taken.by, best.app, 1)
    free = free - 1
  end
  for app, count in pairs(given) do
    -- A report that comes later says the rest.
    local wish = me.lanes[number].waiting[app]
    wish[1] = wish[1] - count
  end

  local next_at = taken.first or now + (taken.all > 0 and said.interval or SOON)
  if holds then next_at = math.max(next_at, account.lost + (present < all and FORGOTTEN or REPORTED)) end
  answer.lanes[number] = {
    given = given,
    elsewhere = taken.elsewhere + theirs,
    wait = math.max(1, math.max(next_at, lane.paused) - now),
  }
end

answer.daily = account.daily
if over then answer.day = { now - day.refused, math.max(0, day.probe - now) } end
redis.call('SET', KEYS[1], cjson.encode(account), 'PX', KEPT)
return cjson.encode(answer)
