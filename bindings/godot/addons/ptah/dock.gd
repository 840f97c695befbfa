@tool
extends VBoxContainer
## Words, a button, and how far it is. What was made is kept in res://ptah and put into the scene.

const FOLDER := "res://ptah"

var _client: PtahClient
var _words: LineEdit
var _room: CheckBox
var _seed: SpinBox
var _make: Button
var _bar: ProgressBar
var _status: Label


func _ready() -> void:
	_client = PtahClient.new()
	add_child(_client)
	_client.progressed.connect(_on_progressed)
	_words = LineEdit.new()
	_words.placeholder_text = "a wooden chair with a red cushion"
	_words.text_submitted.connect(func(_text: String) -> void: _on_make())
	add_child(_words)
	_room = CheckBox.new()
	_room.text = "A furnished room"
	add_child(_room)
	_seed = SpinBox.new()
	_seed.prefix = "Seed"
	_seed.max_value = 2147483647
	add_child(_seed)
	_make = Button.new()
	_make.text = "Make"
	_make.pressed.connect(_on_make)
	add_child(_make)
	_bar = ProgressBar.new()
	_bar.max_value = 1.0
	_bar.visible = false
	add_child(_bar)
	_status = Label.new()
	_status.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	add_child(_status)


func _on_progressed(_job: String, fraction: float, stage: String) -> void:
	_bar.value = fraction
	_status.text = stage


func _on_make() -> void:
	var words := _words.text.strip_edges()
	if words.is_empty() or _make.disabled:
		return
	_client.server = str(ProjectSettings.get_setting("ptah/server", "http://127.0.0.1:7878"))
	_client.key = str(ProjectSettings.get_setting("ptah/key", ""))
	_make.disabled = true
	_bar.visible = true
	_bar.value = 0.0
	var request := {"prompt": words, "seed": int(_seed.value)}
	if not _room.button_pressed:
		request["pivot"] = "base"
	var data := await _client.file("scene" if _room.button_pressed else "create", request, ".glb")
	_make.disabled = false
	_bar.visible = false
	_status.text = _client.problem
	if data.is_empty():
		return
	var place := _free_place(words)
	var kept := FileAccess.open(place, FileAccess.WRITE)
	if kept == null:
		_status.text = "cannot write %s" % place
		return
	kept.store_buffer(data)
	kept.close()
	EditorInterface.get_resource_filesystem().scan()
	_add_to_scene(data, words)
	_status.text = "kept as %s" % place


func _free_place(words: String) -> String:
	DirAccess.make_dir_recursive_absolute(FOLDER)
	var name := words.to_lower().validate_filename().replace(" ", "-").left(60)
	var place := "%s/%s.glb" % [FOLDER, name]
	var number := 2
	while FileAccess.file_exists(place):
		place = "%s/%s-%d.glb" % [FOLDER, name, number]
		number += 1
	return place


func _add_to_scene(data: PackedByteArray, words: String) -> void:
	var root := EditorInterface.get_edited_scene_root()
	if root == null:
		return
	var made := _client.scene_of(data)
	if made == null:
		return
	made.name = words.validate_node_name()
	root.add_child(made, true)
	_own(made, root)


func _own(node: Node, root: Node) -> void:
	node.owner = root
	for child in node.get_children():
		_own(child, root)
