-- The gaokao preset's credentials, normalised and validated as our service does it: a function from the fields
-- of the body to candidate number and identity number, or nil.
local WEIGHTS = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 }
local CHECK = '10X98765432'
local DAYS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
local byte, find, sub = string.byte, string.find, string.sub

-- Spaces and hyphens out, capitals; the usual case needs none of it.
local function normalise(value)
  if type(value) ~= 'string' or #value == 0 or #value > 100 then return nil end
  if not find(value, '[^0-9A-Z]') then return value end
  return (value:gsub('[%s%-]+', '')):upper()
end

local function isDate(text)
  local year, month, day = tonumber(sub(text, 1, 4)), tonumber(sub(text, 5, 6)), tonumber(sub(text, 7, 8))
  if year < 1900 or year > 2099 or month < 1 or month > 12 or day < 1 or day > DAYS[month] then return false end
  return month ~= 2 or day < 29 or (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0))
end

local function isIdentityNumber(value)
  if #value ~= 18 or find(sub(value, 1, 17), '%D') then
    -- Travel permits, the old card of foreign residents, passports.
    return find(value, '^[HM]?%d%d%d%d%d%d%d%d%d?%d?$') or find(value, '^%u%u%u%d%d%d%d%d%d%d%d%d%d%d%d$')
      or (#value >= 5 and #value <= 9 and find(value, '%d'))
  end
  local sum = 0
  for i = 1, 17 do sum = sum + (byte(value, i) - 48) * WEIGHTS[i] end
  local check = sum % 11 + 1
  return byte(value, 18) == byte(CHECK, check) and byte(value, 1) ~= 48 and isDate(sub(value, 7, 14))
end

return function(fields)
  local given = 0
  for _ in pairs(fields) do given = given + 1 end
  if given ~= 2 then return nil end
  local number, identity = normalise(fields.candidateNumber), normalise(fields.identityNumber)
  if not number or not identity then return nil end
  if #number ~= 14 or find(number, '%D') or not isIdentityNumber(identity) then return nil end
  return number, identity
end
