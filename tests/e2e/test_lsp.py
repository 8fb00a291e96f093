"""wright lsp, driven by pytest-lsp and by headless Neovim."""
import json
import pathlib
import subprocess

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from conftest import BINARY, Home

LIB = "def add(a, b):\n    return a + b\n"
MAIN = "from lib import add\n\nprint(add(1, 2))\n"


@pytest.fixture(scope="module")
def lsp_home(tmp_path_factory):
    import tempfile
    with tempfile.TemporaryDirectory(prefix="wr-") as folder:
        made = Home(folder)
        work = pathlib.Path(folder) / "work"
        work.mkdir()
        (work / "lib.py").write_text(LIB)
        (work / "main.py").write_text(MAIN)
        made.work = work
        yield made
        made.run("stop")


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[BINARY, "lsp"]))
async def lsp_client(lsp_client: LanguageClient, lsp_home):
    await lsp_client.initialize_session(types.InitializeParams(
        capabilities=types.ClientCapabilities(general=types.GeneralClientCapabilities(position_encodings=["utf-8"])),
        root_uri=lsp_home.work.as_uri(), workspace_folders=None))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture(autouse=True, scope="module")
def environment(lsp_home):
    import os
    before = dict(os.environ)
    os.environ.update(lsp_home.environment)
    yield
    os.environ.clear()
    os.environ.update(before)


def position(line, character):
    return types.Position(line=line, character=character)


async def test_definition_references_hover_symbols(lsp_client, lsp_home):
    for name, text in (("lib.py", LIB), ("main.py", MAIN)):
        lsp_client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=types.TextDocumentItem(
            uri=(lsp_home.work / name).as_uri(), language_id="python", version=1, text=text)))
    main = types.TextDocumentIdentifier(uri=(lsp_home.work / "main.py").as_uri())
    found = await lsp_client.text_document_definition_async(types.DefinitionParams(text_document=main, position=position(2, 7)))
    assert [(l.uri.rsplit("/", 1)[-1], l.range.start.line) for l in found] == [("lib.py", 0)]
    uses = await lsp_client.text_document_references_async(types.ReferenceParams(
        text_document=main, position=position(2, 7), context=types.ReferenceContext(include_declaration=True)))
    assert len(uses) == 3
    hover = await lsp_client.text_document_hover_async(types.HoverParams(text_document=main, position=position(2, 7)))
    assert "def add(a, b)" in hover.contents.value
    symbols = await lsp_client.workspace_symbol_async(types.WorkspaceSymbolParams(query="add"))
    assert symbols[0].name == "add"


async def test_an_unlisted_command_is_refused(lsp_client):
    with pytest.raises(Exception, match="no command"):
        await lsp_client.workspace_execute_command_async(types.ExecuteCommandParams(command="rm"))


NEOVIM = r"""
local bin, root = os.getenv('WRIGHT_BINARY'), os.getenv('WRIGHT_WORK')
local out = {}
local client_id = vim.lsp.start_client({ name = 'wright', cmd = { bin, 'lsp' }, root_dir = root })
vim.cmd('edit ' .. root .. '/main.py')
local buf = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(buf, client_id)
local client = vim.lsp.get_client_by_id(client_id)
vim.wait(10000, function() return client.initialized end, 10)
local function ask(method, params)
  local reply = vim.lsp.buf_request_sync(buf, method, params, 15000)
  local one = reply and reply[client_id]
  return one and one.result or vim.NIL
end
vim.api.nvim_win_set_cursor(0, { 3, 7 })
out.definition = ask('textDocument/definition', vim.lsp.util.make_position_params())
-- incremental edits with characters of one, two, three and four bytes
for i = 1, 60 do
  local line = i % vim.api.nvim_buf_line_count(buf)
  vim.api.nvim_buf_set_text(buf, line, 0, line, 0, { ({ 'a', 'é', '한', '🚀', '', '# x' })[i % 6 + 1], i % 7 == 0 and '' or nil })
end
vim.api.nvim_buf_set_lines(buf, -1, -1, false, { 'def after_edits(): pass' })
out.symbols = ask('textDocument/documentSymbol', { textDocument = vim.lsp.util.make_text_document_params() })
out.lines = vim.api.nvim_buf_line_count(buf)
local f = io.open(root .. '/out.json', 'w')
f:write(vim.json.encode(out))
f:close()
vim.lsp.stop_client(client_id)
vim.cmd('qa!')
"""


def test_neovim(lsp_home, tmp_path):
    script = tmp_path / "t.lua"
    script.write_text(NEOVIM)
    result = subprocess.run(["nvim", "--headless", "--clean", "-n", "-c", f"luafile {script}"], timeout=60, capture_output=True, text=True,
                            env=lsp_home.environment | {"WRIGHT_BINARY": BINARY, "WRIGHT_WORK": str(lsp_home.work)})
    out = json.loads((lsp_home.work / "out.json").read_text()) if (lsp_home.work / "out.json").exists() else pytest.fail(result.stderr)
    assert out["definition"][0]["uri"].endswith("/lib.py")
    names = {s["name"]: s for s in out["symbols"]}
    # Neovim's buffer and the server's text agree after the edits: the last line is where Neovim has it.
    where = names["after_edits"].get("range") or names["after_edits"]["location"]["range"]
    assert where["start"]["line"] == out["lines"] - 1


def test_the_door_ends_with_the_daemon(lsp_home):
    import os
    process = subprocess.Popen([BINARY, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ))
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"Content-Length")
    lsp_home.run("stop")
    assert process.wait(timeout=10) != 0
