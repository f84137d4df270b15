/** Runs files, and hands out what they set. */
export const EVALUATE = String.raw`
local depth = 0

function run(path, includer)
  local answer, problem = answered(host_source(path))
  if not answer then
    if includer then return report("CONFIG_INCLUDE", includer .. ": " .. problem) end
    return host_report("CONFIG_FILE", 1, 1, problem)
  end
  if depth >= 50 then fail("Include: files include each other more than 50 deep") end
  local number, literal = match(answer, "^(%d+)\n(.*)$")
  number = math.tointeger(number)
  local name = "=<" .. number .. ">"
  chunk_files[name] = number
  local chunk, syntax = load(value_of(literal), name, "t", environment(number))
  if not chunk then return host_fail("CONFIG_SYNTAX", number, 1, syntax) end
  depth = depth + 1
  local ok, reason = pcall(chunk)
  depth = depth - 1
  if not ok then
    if type(reason) ~= "string" then reason = "error with a " .. type(reason) .. " as its value" end
    host_fail("CONFIG_RUNTIME", current_file, current_line, reason)
  end
end

function evaluate(main)
  watch()
  run(main)
  sethook()
  local out = {}
  for name, found in pairs(sections) do
    for _, key in ipairs(found.order) do
      local value, place = found.values[key], found.places[key]
      -- A global function is a helper of the configuration, nil takes an option back: neither is a value.
      if value ~= nil and type(value) ~= "function" then
        local text, problem = encode(value, { depth = 0 })
        if text then
          out[#out + 1] = format("[%s,%s,%s,%d,%d,%s]", quote(name), quote(key), text, place.file, place.line,
            quote(place.kind))
        else
          host_report("value", place.file, place.line, key, place.kind, problem)
        end
      end
    end
  end
  local names = {}
  for index, host in ipairs(hosts) do
    names[index] = format("[%s,%s,%s,%d,%d]", quote(host.name), quote(host.type),
      host.module and quote(host.module) or "null", host.file, host.line)
  end
  return "[[" .. concat(names, ",") .. "],[" .. concat(out, ",") .. "]]"
end

for _, name in ipairs({ "source", "expand", "read", "credential", "report", "fail", "env", "prepare", "decode", "mark",
  "print" }) do
  _G["host_" .. name] = nil
end
`;
