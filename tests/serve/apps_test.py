#!/usr/bin/env python3
"""Characters and lessons over HTTP: apps_test.py PTAH."""
import json
import pathlib
import sys
import unittest

from server import Server

PTAH = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
GAME, MIRA = (json.loads((ROOT / "examples" / "characters" / name).read_text()) for name in ("tavern.json", "mira.json"))


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PTAH).start()
        cls.addClassCleanup(cls.server.stop)

    def turn(self, text, **more):
        return self.server.ask("POST", "/v1/characters/turn", {"game": GAME, "character": MIRA, "model": "none", "who": "Ann", "text": text, **more})

    def test_a_character_acts_remembers_and_keeps_nothing_on_the_server(self):
        first = self.turn("My horse is called Thunder. Please light the fire.")
        self.assertEqual(first.status, 200, first.body)
        said = first.json()
        self.assertEqual([a["name"] for a in said["turn"]["actions"]], ["light_fire"])
        self.assertTrue(said["state"]["fire_lit"])
        memory, state = said["memory"], said["state"]
        again = self.turn("Please light the fire.", memory=memory, state=state).json()
        self.assertEqual(again["turn"]["actions"], [], "it burns")
        for text in ("Hello!", "Hello!", "Hello!"):
            memory = self.turn(text, memory=memory, state=state).json()["memory"]
        self.assertIn("Thunder", str(self.turn("What is my horse called?", memory=memory).json()["turn"]["remembered"]))
        self.assertNotIn("Thunder", str(self.turn("What is my horse called?").json()["turn"]["remembered"]))

    def test_wrong_turns(self):
        for more, param in (({"adapter": "/etc"}, "adapter"), ({"model": "../x"}, "model"), ({"shortlist": 0}, "shortlist"), ({"text": 5}, "text"), ({"happens": "x"}, "happens"), ({"nonsense": 1}, "nonsense")):
            answer = self.turn(**{"text": "Hello!", **more})
            self.assertEqual((answer.status, answer.error()["param"]), (400, param), answer.body)
        for more in ({"game": {}}, {"character": {"format": "ptah character 1", "nam": "x"}}, {"memory": {"format": "x"}}, {"state": {"a b": 1}}):
            self.assertIn(self.turn("Hello!", **more).status, (400, 422), more)
        self.assertEqual(self.turn("Hello!", model="not-here").status, 404)

    def test_questions(self):
        text = (ROOT / "tests" / "data" / "articles" / "history.md").read_text()
        made = self.server.ask("POST", "/v1/questions", {"text": text, "count": 5, "seed": 2})
        self.assertEqual(made.status, 200, made.body)
        self.assertEqual(len(made.json()["lesson"]["items"]), 5)
        self.assertEqual(self.server.ask("POST", "/v1/questions", {"text": text, "level": "odd"}).error()["param"], "level")
        self.assertEqual(self.server.ask("POST", "/v1/questions", {}).error()["param"], "text")
        self.assertNotEqual(self.server.ask("POST", "/v1/questions", {"text": "Too short."}).status, 200)

    def test_the_document_tells_of_them(self):
        paths = self.server.get("/openapi.json").json()["paths"]
        self.assertIn("/v1/characters/turn", paths)
        self.assertIn("/v1/questions", paths)


unittest.main()
