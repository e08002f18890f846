"""The report for people: one page, and its figures as an image, drawn from what ``report.json`` holds."""
