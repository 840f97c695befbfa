class_name PtahCharacter
extends Node
## A character of a game: it hears somebody, and says and does something in the game's own terms
## (docs/characters.md). A Ptah server thinks; nothing blocks the game.
##
## [codeblock]
## var mira := PtahCharacter.new()
## mira.client = ptah
## mira.open("res://mira.json", "res://tavern.json")
## add_child(mira)
## mira.acted.connect(func(action: String, values: Dictionary) -> void: play(action, values))
## var turn := await mira.hear("Ann", "Two ciders, please.")
## label.text = str(turn["say"])
## [/codeblock]

## It does something: an action of the game that is possible now, with checked values.
signal acted(action: String, values: Dictionary)
## It says something. [param emotion] is "glad", "angry" or "calm".
signal spoke(say: String, emotion: String)

## Whom to ask.
var client: PtahClient
## The character's file and the game's, as they are sent.
var sheet: Dictionary = {}
var game: Dictionary = {}
## A language model of the server by name; "none": the character says its lines.
var model := "smollm2"
## What it remembers; save it with the game.
var memory: Dictionary = {}
## The game's state; change it, and the next turn knows.
var state: Dictionary = {}
## Whether it thinks.
var thinking := false
## Why the last call gave nothing, in a sentence.
var problem := ""


## Reads the files; whether they could be read.
func open(sheet_file: String, game_file: String) -> bool:
	sheet = _read(sheet_file)
	game = _read(game_file)
	state = game.get("state", {})
	return not sheet.is_empty() and not game.is_empty()


## Somebody says something. What it answers: {"say", "actions", "emotion", "voice", …}; {} if there
## is no answer.
func hear(who: String, text: String) -> Dictionary:
	if thinking or client == null:
		problem = "it still thinks" if thinking else "it has no client"
		return {}
	thinking = true
	var fields := {"game": game, "character": sheet, "who": who, "text": text}
	fields.merge({"model": model, "state": state})
	if not memory.is_empty():
		fields["memory"] = memory
	var told := await client.turn(fields)
	thinking = false
	problem = client.problem
	if told.is_empty():
		return {}
	memory = told.get("memory", {})
	state = told.get("state", state)
	var turn: Dictionary = told.get("turn", {})
	for call: Dictionary in turn.get("actions", []):
		acted.emit(str(call["name"]), call.get("values", {}))
	spoke.emit(str(turn.get("say", "")), str(turn.get("emotion", "calm")))
	return turn


func _read(path: String) -> Dictionary:
	var parsed: Variant = JSON.parse_string(FileAccess.get_file_as_string(path))
	if parsed is Dictionary:
		return parsed
	problem = "%s cannot be read" % path
	return {}
