"""The official openai client against the daemon."""
import json
import threading

import httpx
import openai
import pytest

pytestmark = pytest.mark.model
MODEL = "SmolLM2-135M-Instruct-Q4_1"


@pytest.fixture(scope="module")
def client(served):
    return openai.OpenAI(base_url=served.url + "/v1", api_key=served.token, max_retries=0, timeout=120)


def user(text):
    return [{"role": "user", "content": text}]


def test_models(client):
    assert MODEL in [m.id for m in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_a_wrong_key_is_refused(served):
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=served.url + "/v1", api_key="wrong", max_retries=0).models.list()


def test_chat_and_usage(client):
    reply = client.chat.completions.create(model=MODEL, messages=user("What is the capital of France?"), temperature=0, max_tokens=24)
    assert len(reply.choices[0].message.content) > 3
    assert reply.usage.prompt_tokens > 10 and reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    again = client.chat.completions.create(model=MODEL, messages=user("What is the capital of France?"), temperature=0, max_tokens=24)
    assert again.choices[0].message.content == reply.choices[0].message.content
    assert again.usage.prompt_tokens_details.cached_tokens > 0


def test_streaming_gives_the_same_text(client):
    ask = dict(model=MODEL, messages=user("Name three colours."), temperature=0, max_tokens=20)
    whole = client.chat.completions.create(**ask)
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason


def test_length_stop_and_n(client):
    reply = client.chat.completions.create(model=MODEL, messages=user("Count from 1 to 50."), temperature=0, max_tokens=5, n=2)
    assert len(reply.choices) == 2 and reply.choices[0].finish_reason == "length"
    stopped = client.chat.completions.create(model=MODEL, messages=user("Say: one two three four"), temperature=0, max_tokens=30, stop=["three"])
    assert "three" not in stopped.choices[0].message.content


def test_seed(client):
    ask = dict(model=MODEL, messages=user("Tell me a story."), temperature=1.0, max_tokens=16)
    one, two = (client.chat.completions.create(**ask, seed=5).choices[0].message.content for _ in range(2))
    other = client.chat.completions.create(**ask, seed=6).choices[0].message.content
    assert one == two and other != one


def test_logprobs(client):
    reply = client.chat.completions.create(model=MODEL, messages=user("Hi"), temperature=0, max_tokens=4, logprobs=True, top_logprobs=3)
    content = reply.choices[0].logprobs.content
    assert len(content) == reply.usage.completion_tokens or len(content) == reply.usage.completion_tokens - 1
    for token in content:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        assert token.top_logprobs[0].logprob == pytest.approx(max(t.logprob for t in token.top_logprobs))


def test_json_schema(client):
    schema = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "population": {"type": "integer", "minimum": 0}, "kind": {"enum": ["city", "town"]}},
              "required": ["city", "population", "kind"], "additionalProperties": False}
    reply = client.chat.completions.create(model=MODEL, messages=user("Describe Seoul as JSON."), temperature=0, max_tokens=80,
                                           response_format={"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": schema}})
    value = json.loads(reply.choices[0].message.content)
    assert list(value) == ["city", "population", "kind"] and value["population"] >= 0 and value["kind"] in ("city", "town")


def test_a_short_budget_still_closes_the_json(client):
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "list": {"type": "array", "items": {"type": "string"}}}, "required": ["text", "list"]}
    reply = client.chat.completions.create(model=MODEL, messages=user("Write a long text about rivers."), temperature=0, max_tokens=30,
                                           response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    assert set(json.loads(reply.choices[0].message.content)) == {"text", "list"}


TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "the weather of a city", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 30}, "unit": {"enum": ["celsius", "fahrenheit"]}}, "required": ["city", "unit"]}}}]


def test_a_required_tool_call(client):
    reply = client.chat.completions.create(model=MODEL, messages=user("What is the weather in Seoul?"), tools=TOOLS, tool_choice="required", temperature=0, max_tokens=80)
    call = reply.choices[0].message.tool_calls[0]
    arguments = json.loads(call.function.arguments)
    assert reply.choices[0].finish_reason == "tool_calls" and call.function.name == "get_weather"
    assert arguments["unit"] in ("celsius", "fahrenheit") and set(arguments) == {"city", "unit"}


def test_tool_results_and_a_malformed_call_in_the_history(client):
    messages = user("What is the weather?") + [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{not json"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "error: bad arguments"}]
    reply = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS, temperature=0, max_tokens=16)
    assert reply.choices[0].finish_reason in ("stop", "length", "tool_calls")


def test_completions(client):
    reply = client.completions.create(model=MODEL, prompt="The capital of France is", temperature=0, max_tokens=3)
    assert "Paris" in reply.choices[0].text
    text = "".join(c.choices[0].text for c in client.completions.create(model=MODEL, prompt="The capital of France is", temperature=0, max_tokens=3, stream=True))
    assert text == reply.choices[0].text


@pytest.mark.parametrize("field, value", [("temperature", 9), ("top_p", -1), ("n", 0), ("max_tokens", -5), ("stop", [""]), ("top_logprobs", 99), ("messages", []), ("tools", "x")])
def test_a_field_out_of_range_names_itself(client, field, value):
    body = {"model": MODEL, "messages": user("hi"), field: value}
    with pytest.raises(openai.BadRequestError) as error:
        client.post("/chat/completions", body=body, cast_to=httpx.Response)
    assert field in str(error.value)


def test_too_long_a_prompt(client):
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model=MODEL, messages=user("word " * 20000))
    assert error.value.code == "context_length_exceeded"


def test_clients_that_leave_do_no_harm(client, served):
    def leave():
        with httpx.stream("POST", served.url + "/v1/chat/completions", headers={"Authorization": "Bearer " + served.token},
                          json={"model": MODEL, "messages": user("Write a very long story."), "max_tokens": 2000, "stream": True}) as reply:
            next(reply.iter_bytes())
    threads = [threading.Thread(target=leave) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    reply = client.chat.completions.create(model=MODEL, messages=user("Hi"), temperature=0, max_tokens=3)
    assert reply.usage.completion_tokens > 0
    assert sum(e["running"] + e["waiting"] for e in served.status()["engines"]) == 0


def test_metrics(served):
    text = httpx.get(served.url + "/metrics", headers={"Authorization": "Bearer " + served.token}).text
    assert "wright_engine_completion_tokens_total{model=" in text
