/** Where the evaluation is, and what was read so far. */
export const STATE = String.raw`
local host_source, host_expand, host_read, host_credential = host_source, host_expand, host_read, host_credential
local host_report, host_fail, host_env, host_prepare = host_report, host_fail, host_env, host_prepare
local host_decode, host_mark, host_print = host_decode, host_mark, host_print
local error, getmetatable, ipairs, load, next, pairs, pcall = error, getmetatable, ipairs, load, next, pairs, pcall
local rawget, rawset, setmetatable, tostring, type = rawget, rawset, setmetatable, tostring, type
local getinfo, sethook = debug.getinfo, debug.sethook
local match, sub, gsub, format, byte = string.match, string.sub, string.gsub, string.format, string.byte
local concat, sort = table.concat, table.sort
local math_type, huge = math.type, math.huge

-- Where the configuration is, for messages.

local chunk_files = {} -- chunk name -> number of the file
local current_file, current_line = 1, 1
local lines_seen = 0

-- Every line at first; a loop is then looked at now and then, or it would spend its time here.
local function watch()
  sethook(function(_, line)
    lines_seen = lines_seen + 1
    if lines_seen > 5000 and lines_seen % 64 ~= 0 then return end
    local file = chunk_files[getinfo(2, "S").source]
    if file then
      current_file, current_line = file, line
      host_mark(file, line)
    end
  end, "l")
end

local function where()
  for level = 2, 200 do
    local info = getinfo(level, "Sl")
    if not info then break end
    local file = chunk_files[info.source]
    if file then return file, info.currentline end
  end
  return current_file, current_line
end

local function report(code, message)
  local file, line = where()
  host_report(code, file, line, message)
end

local function fail(message, ...)
  local file, line = where()
  error(format("<%d>:%d: ", file, line) .. format(message, ...), 0)
end

-- What was read so far. Sections by name, the global one under "*".

local sections = {} -- name -> { values, order, places }
local hosts = {} -- in order: { name, type, module, file, line }
local host_of = {}

local function section(name)
  local found = sections[name]
  if not found then
    found = { values = {}, order = {}, places = {} }
    sections[name] = found
  end
  return found
end
section("*")

local proxied = setmetatable({}, { __mode = "k" }) -- proxy -> the table behind it

local function plain(value)
  return proxied[value] or value
end

local function assign(name, key, value, file, line, kind)
  local target = section(name)
  local place = target.places[key]
  if place and place.file == file then
    host_report("duplicate", file, line, key, kind, place.line, place.kind)
  end
  if not place then target.order[#target.order + 1] = key end
  target.places[key] = { file = file, line = line, kind = kind }
  target.values[key] = plain(value)
end
`;
