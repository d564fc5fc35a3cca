-- Asks for mails over the API, each to an address of its own.
local count = 0
local headers = { ["content-type"] = "application/json" }

function request()
  count = count + 1
  return wrk.format("POST", nil, headers, '{"email":"asked' .. count .. '@example.com"}')
end
