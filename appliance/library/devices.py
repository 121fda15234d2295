"""A browser's user agent in words that its owner knows it by; nothing is asked of anybody, and nothing is exact."""

from __future__ import annotations

#: What the words stand for, the more particular first: most browsers also claim to be each other.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("python", "A Python program"),
    ("okhttp/", "An Android app"),
    ("CFNetwork/", "An Apple app"),
)
_MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android TV", "a television"),
    ("SMART-TV", "a television"),
    ("Tizen", "a television"),
    ("Android", "Android"),
    ("CrOS", "a Chromebook"),
    ("Windows", "Windows"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
)


def in_words(user_agent: str) -> str:
    """Such as "Firefox on Android"; never empty, and never anything that the agent itself wrote."""
    browser = next((words for part, words in _BROWSERS if part in user_agent), "")
    machine = next((words for part, words in _MACHINES if part in user_agent), "")
    if browser and machine:
        return f"{browser} on {machine}"
    return browser or (f"A browser on {machine}" if machine else "An unknown device")
