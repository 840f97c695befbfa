extends Node3D
## A small tavern: Ptah makes the furniture, thinks for the people, and speaks their lines.
## Start a server (ptah serve), then this scene. Type what you say; "oskar: …" speaks to Oskar.

const FURNITURE := {
	"a long wooden counter": Vector3(0, 0, -2.2),
	"a round wooden table": Vector3(-1.6, 0, 0.4),
	"a wooden chair": Vector3(-2.4, 0, 0.4),
	"a wooden barrel": Vector3(2.2, 0, -1.8),
}
const PEOPLE := {
	"mira": Vector3(0, 0, -2.9),
	"oskar": Vector3(-1.6, 0, -0.6),
}

var _ptah: PtahClient
var _people := {}
var _labels := {}
var _input: LineEdit
var _light: OmniLight3D


func _ready() -> void:
	_ptah = PtahClient.new()
	add_child(_ptah)
	_room()
	for who: String in PEOPLE:
		_person(who, PEOPLE[who])
	_input = LineEdit.new()
	_input.placeholder_text = "Good evening! Two ciders, please."
	_input.set_anchors_and_offsets_preset(Control.PRESET_BOTTOM_WIDE)
	_input.offset_top = -40.0
	_input.text_submitted.connect(_on_said)
	add_child(_input)
	_input.grab_focus()
	for words: String in FURNITURE:
		await _furnish(words, FURNITURE[words])


func _room() -> void:
	var camera := Camera3D.new()
	camera.position = Vector3(0, 1.7, 4.2)
	add_child(camera)
	camera.look_at(Vector3(0, 0.9, -1.5))
	_light = OmniLight3D.new()
	_light.position = Vector3(0, 2.6, 0)
	_light.light_energy = 1.5
	add_child(_light)
	var floor_mesh := PlaneMesh.new()
	floor_mesh.size = Vector2(8, 8)
	var ground := MeshInstance3D.new()
	ground.mesh = floor_mesh
	add_child(ground)


func _furnish(words: String, place: Vector3) -> void:
	var made := await _ptah.object(words, {"seed": 7})
	if made == null:
		push_warning("no %s: %s" % [words, _ptah.problem])
		return
	made.position = place
	add_child(made)


func _person(who: String, place: Vector3) -> void:
	var body := MeshInstance3D.new()
	body.mesh = CapsuleMesh.new()
	body.position = place + Vector3(0, 1, 0)
	body.scale = Vector3(0.6, 0.85, 0.6)
	add_child(body)
	var label := Label3D.new()
	label.position = place + Vector3(0, 2.1, 0)
	label.billboard = BaseMaterial3D.BILLBOARD_ENABLED
	label.font_size = 28
	label.width = 700.0
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	add_child(label)
	_labels[who] = label
	var character := PtahCharacter.new()
	character.client = _ptah
	add_child(character)
	if not character.open("res://%s.json" % who, "res://tavern.json"):
		label.text = character.problem
		return
	label.text = str(character.sheet.get("begins", ""))
	character.acted.connect(_on_acted)
	_people[who] = character


func _on_said(line: String) -> void:
	_input.clear()
	var who := "mira"
	var text := line
	for name: String in _people:
		if line.to_lower().begins_with(name + ":"):
			who = name
			text = line.substr(name.length() + 1).strip_edges()
	if text.is_empty() or not _people.has(who):
		return
	var character: PtahCharacter = _people[who]
	var label: Label3D = _labels[who]
	label.text = "…"
	var turn := await character.hear("Ann", text)
	label.text = str(turn.get("say", character.problem))
	for other: String in _people:
		var knows: PtahCharacter = _people[other]
		knows.state = character.state
	if not turn.is_empty():
		await _say(label, label.text, str(turn.get("voice", "")))


func _say(label: Label3D, text: String, voice: String) -> void:
	var sound := await _ptah.speech(text, voice)
	if sound == null:
		return
	var player := AudioStreamPlayer3D.new()
	player.stream = sound
	label.add_child(player)
	player.finished.connect(player.queue_free)
	player.play()


## What the game does when somebody does something.
func _on_acted(action: String, values: Dictionary) -> void:
	print("%s %s" % [action, JSON.stringify(values)])
	if action == "light_fire":
		_light.light_color = Color(1.0, 0.7, 0.4)
		_light.light_energy = 3.0
