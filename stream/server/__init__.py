"""The server: WHIP in, events and clips out. It is given the pages' folder and never names who reads."""
