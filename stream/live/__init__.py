"""A live capture: scorer -> session -> worker -> finish, and what watches over them. Pure but for the last two.

Not here: where the media come from (``sources``), connections and addresses (``server``).
"""
