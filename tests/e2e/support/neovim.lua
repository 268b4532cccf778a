-- What Neovim's own client does in the files that it is told, with what it gets for it: see neovim.py. The plan and the
-- record are JSON; rows and columns count from 0, columns in bytes.
local plan = vim.fn.json_decode(vim.fn.readfile(vim.env.FIRN_PLAN))
local record = { messages = {}, times = {} }
local client

local function show(_, result)
  table.insert(record.messages, result)
end

local function request(buffer, method, params)
  local start = vim.loop.hrtime()
  local replies, problem = vim.lsp.buf_request_sync(buffer, method, params, 30000)
  local reply = replies and replies[client]
  if not reply or reply.error then
    error(method .. ': ' .. vim.inspect(problem or reply and reply.error))
  end
  table.insert(record.times, { method, (vim.loop.hrtime() - start) / 1e3 })
  -- Neovim reads null as a value of its own; the record has none.
  return reply.result ~= vim.NIL and reply.result or nil
end

local function look(buffer, place)
  vim.api.nvim_win_set_cursor(0, { place[1] + 1, place[2] })
  local here = vim.lsp.util.make_position_params(0, vim.lsp.get_client_by_id(client).offset_encoding)
  local all = vim.tbl_extend('force', here, { context = { includeDeclaration = true } })
  return {
    here = here,
    definition = request(buffer, 'textDocument/definition', here),
    references = request(buffer, 'textDocument/references', all),
    hover = request(buffer, 'textDocument/hover', here),
    highlight = request(buffer, 'textDocument/documentHighlight', here),
  }
end

local function symbols(buffer)
  return request(buffer, 'textDocument/documentSymbol', { textDocument = vim.lsp.util.make_text_document_params(buffer) })
end

local function visit(file)
  vim.cmd('edit ' .. vim.fn.fnameescape(file.path))
  local buffer = vim.api.nvim_get_current_buf()
  if not client then
    client = vim.lsp.start_client({
      cmd = plan.command,
      root_dir = plan.root,
      handlers = { ['window/showMessage'] = show },
    })
  end
  assert(vim.lsp.buf_attach_client(buffer, client))
  assert(vim.wait(10000, function() return vim.lsp.get_client_by_id(client).initialized end))
  local seen = { path = file.path, looks = {}, symbols = symbols(buffer) }
  for _, place in ipairs(file.places) do
    table.insert(seen.looks, look(buffer, place))
  end
  seen.after = {}
  for _, edit in ipairs(file.edits) do
    vim.api.nvim_buf_set_text(buffer, edit[1], edit[2], edit[3], edit[4], edit[5])
    table.insert(seen.after, symbols(buffer))
  end
  for _, keys in ipairs(file.keys or {}) do
    vim.cmd('normal! ' .. vim.api.nvim_replace_termcodes(keys, true, false, true))
  end
  seen.last = symbols(buffer)
  seen.lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
  return seen
end

local ok, problem = pcall(function()
  record.files = vim.tbl_map(visit, plan.files)
  record.found = request(0, 'workspace/symbol', { query = plan.query })
  record.pid = plan.pid and tonumber(vim.fn.system('pgrep -P ' .. vim.fn.getpid() .. ' -f ' .. plan.pid)) or nil
  if record.pid then
    record.memory = vim.fn.readfile('/proc/' .. record.pid .. '/smaps_rollup')
  end
end)
record.problem = not ok and tostring(problem) or nil
vim.fn.writefile({ vim.fn.json_encode(record) }, vim.env.FIRN_RECORD)
if client then
  vim.lsp.stop_client(client)
  vim.wait(5000, function() return not vim.lsp.get_client_by_id(client) end)
end
vim.cmd('qall!')
