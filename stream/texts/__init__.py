"""What people read, by language: the texts for codes, and the sentences that the prompter offers.

``LANGUAGE.json``, named as BCP 47 writes it, holds every text of a language for the page, the terminal and the report.
Another language is another file with the same keys. Values are filled in where a text has ``{name}``.

Not here: exception messages, which are written where they are raised, and the short English texts that events carry for
programs and logs (``stream/events.py``). Instructions of the coach are both: the event carries the English one.
"""
