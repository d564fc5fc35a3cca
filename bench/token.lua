-- Asks /oauth/token: wrk -s token.lua URL -- FORM [TOKEN...]. With refresh tokens, each goes where
-- it was given, and its successor goes after the others.
local headers = { ["content-type"] = "application/x-www-form-urlencoded" }
local form, tokens, first, last

function init(args)
  form, tokens, first, last = args[1], {}, 1, #args - 1
  for n = 2, #args do
    tokens[n - 1] = args[n]
  end
  if last == 0 then
    response = nil
  end
end

function request()
  local body, token = form, tokens[first]
  if token then
    body = form .. "&refresh_token=" .. token
    tokens[first] = nil
    first = first + 1
  end
  return wrk.format("POST", nil, headers, body)
end

function response(_, _, answer)
  last = last + 1
  tokens[last] = answer:match('"refresh_token":"([^"]+)"')
end
