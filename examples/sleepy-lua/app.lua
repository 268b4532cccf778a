-- What each interpreter runs: a small document of a user's own, with an index, an undo history made of
-- closures, and a task that waits in the middle of its work.
local number = ...

local random = number * 2654435761 % 4294967296
local function below(bound)
    random = (random * 1664525 + 1013904223) % 4294967296
    return random // 65536 % bound
end

local words = {}
for word in ([[snow falls on snow and is pressed to firn and firn to ice the ice flows down the valley
    and what it took along it gives back whole after a thousand years]]):gmatch("%a+") do
    words[#words + 1] = word
end

local function sentence()
    local picked = {}
    for i = 1, 6 + below(10) do picked[i] = words[below(#words) + 1] end
    return table.concat(picked, " ")
end

local lines, index, undo = {}, {}, {}

local function note(word, line)
    local places = index[word] or {}
    index[word] = places
    places[#places + 1] = line
end

local function put(text)
    local line = #lines + 1
    lines[line] = { text = text, stamp = below(1000000), tags = { number, line } }
    for word in text:gmatch("%a+") do note(word, line) end
    undo[#undo + 1] = function() lines[line] = nil return text end
end

for _ = 1, 150 do put(sentence()) end

local task = coroutine.wrap(function()
    local done = 0
    while true do
        for _, line in ipairs(lines) do
            done = (done * 31 + #line.text + line.stamp) % 4294967291
            coroutine.yield(done)
        end
    end
end)

-- One request: some work of the task, a look at the index, a line more, an undo.
function serve(request)
    local sum = 0
    for _ = 1, 5 do sum = task() end
    local places = index[words[request % #words + 1]] or {}
    put(sentence())
    if request % 3 == 0 then undo[#undo]() undo[#undo] = nil end
    return (sum + #places) % 4294967291
end

-- A number that all of the data goes into.
function digest()
    local sum = #lines
    for _, line in ipairs(lines) do
        sum = (sum * 31 + line.stamp + #line.text + line.text:byte(1) + line.tags[2]) % 4294967291
    end
    for _, word in ipairs(words) do sum = (sum * 31 + #(index[word] or "")) % 4294967291 end
    return sum
end
