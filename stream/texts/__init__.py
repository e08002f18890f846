"""What people read, by language: the texts for codes, and the sentences that the prompter offers.

Not here: exception messages, which stand where they are raised.
"""
