-- wrk: posts the JSON body in $BODY with the token in $TOKEN.
local file = io.open(os.getenv("BODY"), "r")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
local bad = 0
response = function(status) if status >= 300 then bad = bad + 1 end end
