@tool
extends EditorPlugin
## Ptah in the editor: a dock where words become objects of the scene that is edited.

const SETTING := "ptah/server"
const KEY_SETTING := "ptah/key"
const Dock := preload("res://addons/ptah/dock.gd")

var _dock: Control


func _enter_tree() -> void:
	if not ProjectSettings.has_setting(SETTING):
		ProjectSettings.set_setting(SETTING, "http://127.0.0.1:7878")
	ProjectSettings.set_initial_value(SETTING, "http://127.0.0.1:7878")
	if not ProjectSettings.has_setting(KEY_SETTING):
		ProjectSettings.set_setting(KEY_SETTING, "")
	ProjectSettings.set_initial_value(KEY_SETTING, "")
	_dock = Dock.new()
	_dock.name = "Ptah"
	add_control_to_dock(DOCK_SLOT_RIGHT_BL, _dock)


func _exit_tree() -> void:
	remove_control_from_docks(_dock)
	_dock.queue_free()
