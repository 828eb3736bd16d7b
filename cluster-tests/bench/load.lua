-- One kind of request, made over and over by wrk: wrk ... -s load.lua URL -- KIND KEYS
local kind, keys
local pad = string.rep("x", 100)

local targets = {
   put = "PutItem", put_if = "PutItem", get = "GetItem", get_consistent = "GetItem",
   add = "UpdateItem", add_hot = "UpdateItem",
}

local function item(key)
   local attributes = {}
   for field = 1, 9 do
      attributes[field] = '"f' .. field .. '":{"S":"' .. pad .. '"}'
   end
   return '{"TableName":"Bench","Item":{"pk":{"S":"' .. key .. '"},' .. table.concat(attributes, ",") .. '}'
end

local function add(key)
   return '{"TableName":"Bench","Key":{"pk":{"S":"' .. key .. '"}},"UpdateExpression":"ADD n :one",'
      .. '"ExpressionAttributeValues":{":one":{"N":"1"}}}'
end

local bodies = {
   put = function(key) return item(key) .. "}" end,
   put_if = function(key) return item(key) .. ',"ConditionExpression":"attribute_not_exists(nothing)"}' end,
   get = function(key) return '{"TableName":"Bench","Key":{"pk":{"S":"' .. key .. '"}}}' end,
   get_consistent = function(key)
      return '{"TableName":"Bench","ConsistentRead":true,"Key":{"pk":{"S":"' .. key .. '"}}}'
   end,
   add = function(key) return add("counter" .. key) end,
   add_hot = function() return add("hot") end,
}

function init(arguments)
   kind, keys = arguments[1], tonumber(arguments[2])
   math.randomseed(os.time())
   wrk.method = "POST"
   wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. targets[kind]
   wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
   wrk.headers["X-Amz-Date"] = os.date("!%Y%m%dT%H%M%SZ")
   wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=any/" .. os.date("!%Y%m%d")
      .. "/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"
end

function request()
   return wrk.format(nil, "/", nil, bodies[kind]("k" .. math.random(0, keys - 1)))
end

function done(summary)
   local errors = summary.errors
   local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format("RATE %.1f FAILED %d\n", summary.requests / (summary.duration / 1e6), failed))
end
