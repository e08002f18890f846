"""The report that people look at: one page, and its figures as a picture, made of what ``report.json`` holds."""
