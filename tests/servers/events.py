"""The events that every server here sends. The servers in other languages have their own copies."""

LAST = 500


def data_of(number):
    """One to four lines."""
    return "\n".join([f"event {number}", "zweite Zeile: grüezi", "", "😀"][: 1 + number % 4])


def type_of(number):
    return "seventh" if number % 7 == 0 else "message"
