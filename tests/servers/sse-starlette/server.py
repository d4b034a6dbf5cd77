"""Sends the events of ../events.py after the last one that the client names.

usage: server.py PORT
"""

import asyncio
import sys

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.routing import Route

from events import LAST, data_of, type_of

LINE_ENDS = ["\r\n", "\n", "\r"]


async def numbers(last_event_id):
    for number in range(last_event_id + 1, LAST + 1):
        yield ServerSentEvent(
            data_of(number),
            id=str(number),
            event=type_of(number),
            comment="a comment\nof two lines" if number % 5 == 0 else None,
            sep=LINE_ENDS[number % 3],
        )
        await asyncio.sleep(0.002)


async def events(request):
    last_event_id = int(request.headers.get("last-event-id", 0))
    return EventSourceResponse(numbers(last_event_id))


app = Starlette(routes=[Route("/events", events)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
