/** Values as JSON: the way out of Lua, and what `json.encode` gives. */
export const VALUES = String.raw`
local escapes = {}
for code = 0, 31 do escapes[string.char(code)] = format("\\u%04x", code) end
escapes['"'], escapes["\\"], escapes["\127"] = '\\"', "\\\\", "\\u007f"

local function quote(text)
  return '"' .. gsub(text, '[%c"\\]', escapes) .. '"'
end

local null = setmetatable({}, { __tostring = function() return "null" end })

local function encode(value, open)
  value = plain(value)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then
    if math_type(value) == "integer" then return format("%d", value) end
    if value ~= value then return nil, "a number that is none (0/0)" end
    if value == huge then return "1e999" end
    if value == -huge then return "-1e999" end
    return format("%.17g", value)
  end
  if value == null then return "null" end
  if kind ~= "table" then return nil, "a " .. kind end
  if open[value] then return nil, "a table that contains itself" end
  if open.depth >= 100 then return nil, "tables more than 100 deep" end
  open[value], open.depth = true, open.depth + 1
  local count, out, problem = 0, {}, nil
  for _ in next, value do count = count + 1 end
  if count == #value then
    for index = 1, count do
      out[index], problem = encode(value[index], open)
      if problem then return nil, problem end
    end
  else
    local item
    for key, inner in next, value do
      local key_kind = type(key)
      if key_kind ~= "string" and key_kind ~= "number" and key_kind ~= "boolean" then
        return nil, "a table with a " .. key_kind .. " as a key"
      end
      if inner ~= null then
        item, problem = encode(inner, open)
        if problem then return nil, problem end
        out[#out + 1] = quote(tostring(key)) .. ":" .. item
      end
    end
  end
  open[value], open.depth = nil, open.depth - 1
  if count == #value then return "[" .. concat(out, ",") .. "]" end
  return "{" .. concat(out, ",") .. "}"
end
`;
