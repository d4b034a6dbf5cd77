"""The events that every server here serves; better-sse/server.mjs says the same in its words."""

LAST = 500


def data_of(number):
    """One to four lines."""
    return "\n".join([f"event {number}", "zweite Zeile: grüezi", "", "😀"][: 1 + number % 4])


def type_of(number):
    return "seventh" if number % 7 == 0 else "message"
