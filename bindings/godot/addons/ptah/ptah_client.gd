class_name PtahClient
extends Node
## Asks a Ptah server (ptah serve) for works, in the editor and in a running game.
##
## [codeblock]
## var ptah := PtahClient.new()
## add_child(ptah)
## var chair: Node3D = await ptah.object("a wooden chair with a red cushion")
## if chair:
##     add_child(chair)
## else:
##     print(ptah.problem)
## [/codeblock]

## How far a job is: 0 to 1, and what is being done.
signal progressed(job: String, fraction: float, stage: String)

const MAX_ANSWER_BYTES := 256 << 20

## Where the server is.
@export var server := "http://127.0.0.1:7878"
## If the server asks for one (ptah serve key add).
@export var key := ""
## Between two looks at a job, in seconds.
@export_range(0.05, 10.0) var interval := 0.25

## Why the last call gave nothing, in a sentence.
var problem := ""

var _cancelled := {}


## An object of words, as nodes; null if there is none. [param fields] are those of the recipe
## "create" (docs/requests.md), e.g. {"seed": 3, "height_mm": 900}.
func object(prompt: String, fields: Dictionary = {}) -> Node3D:
	var request := {"prompt": prompt, "pivot": "base"}
	request.merge(fields, true)
	var data := await file("create", request, ".glb")
	return scene_of(data) if not data.is_empty() else null


## A furnished room of words, as nodes; null if there is none.
func room(prompt: String, fields: Dictionary = {}) -> Node3D:
	var request := {"prompt": prompt}
	request.merge(fields, true)
	var data := await file("scene", request, ".glb")
	return scene_of(data) if not data.is_empty() else null


## A picture of words; null if there is none.
func picture(prompt: String, fields: Dictionary = {}) -> Image:
	var request := {"prompt": prompt, "object": false}
	request.merge(fields, true)
	var data := await file("create", request, ".png")
	if data.is_empty():
		return null
	var image := Image.new()
	if image.load_png_from_buffer(data) != OK:
		problem = "the server's picture cannot be read"
		return null
	return image


## What a language model answers to messages [{"role": "user", "content": "Hello"}]; empty if
## there is no answer. [param fields] are those of OpenAI's /v1/chat/completions.
func answer(messages: Array, fields: Dictionary = {}) -> String:
	var request := {"messages": messages}
	request.merge(fields, true)
	var said: Variant = await _json(HTTPClient.METHOD_POST, "/v1/chat/completions", request)
	if said == null:
		return ""
	var choices: Array = (said as Dictionary).get("choices", [])
	if choices.is_empty():
		problem = "the server gave no answer"
		return ""
	return str((choices[0] as Dictionary)["message"]["content"])


## What a character says and does: {"turn", "memory", "state"}; {} if there is no answer.
## [param fields] are those of POST /v1/characters/turn; PtahCharacter keeps them for you.
func turn(fields: Dictionary) -> Dictionary:
	var said: Variant = await _json(HTTPClient.METHOD_POST, "/v1/characters/turn", fields)
	return {} if said == null else said as Dictionary


## A line said aloud; null if it cannot be. [param fields] are those of the recipe "say".
func speech(text: String, voice: String, fields: Dictionary = {}) -> AudioStreamWAV:
	var request := {"text": text, "follow_emotion": true}
	if not voice.is_empty():
		request["voice"] = voice
	request.merge(fields, true)
	var data := await file("say", request, ".wav")
	return null if data.is_empty() else sound_of(data)


## The sound of a WAV file with 16 bits a sample; null if it is none.
func sound_of(data: PackedByteArray) -> AudioStreamWAV:
	var at := 12
	var out := AudioStreamWAV.new()
	while at + 8 <= data.size():
		var name := data.slice(at, at + 4).get_string_from_ascii()
		var size := data.decode_u32(at + 4)
		if name == "fmt " and at + 24 <= data.size():
			out.format = AudioStreamWAV.FORMAT_16_BITS
			out.stereo = data.decode_u16(at + 10) == 2
			out.mix_rate = data.decode_u32(at + 12)
			if data.decode_u16(at + 22) != 16:
				break
		elif name == "data":
			out.data = data.slice(at + 8, mini(at + 8 + size, data.size()))
			return out
		at += 8 + size + size % 2
	problem = "the server's sound cannot be read"
	return null


## The first file of a work whose name has this ending; empty if there is none.
func file(kind: String, request: Dictionary, ending: String) -> PackedByteArray:
	var job := await start(kind, request)
	if job.is_empty():
		return PackedByteArray()
	var view := await finished(job)
	for output: Dictionary in view.get("outputs", []):
		if str(output["name"]).ends_with(ending):
			var named := str(output["name"]).uri_encode()
			return await _fetch(HTTPClient.METHOD_GET, "/v1/jobs/%s/content/%s" % [job, named])
	if problem.is_empty():
		problem = "the work has no file %s" % ending
	return PackedByteArray()


## Begins a job; its name, or "" if the server refuses it.
func start(kind: String, request: Dictionary) -> String:
	var body := {"kind": kind, "request": request}
	var job: Variant = await _json(HTTPClient.METHOD_POST, "/v1/jobs", body)
	return "" if job == null else str((job as Dictionary)["id"])


## Waits for the end of a job; what the server tells of it, or {} if it was not done.
func finished(job: String) -> Dictionary:
	while true:
		var view: Variant = await _json(HTTPClient.METHOD_GET, "/v1/jobs/" + job)
		if view == null:
			return {}
		var told := view as Dictionary
		match str(told["status"]):
			"completed":
				return told
			"queued", "in_progress":
				var stage := str(told.get("stage", told["status"]))
				progressed.emit(job, float(told.get("progress", 0)) / 100.0, stage)
			_:
				var error: Variant = told.get("error")
				problem = str((error as Dictionary)["message"]) if error is Dictionary else str(told["status"])
				return {}
		await get_tree().create_timer(interval).timeout
		if _cancelled.erase(job):
			problem = "cancelled"
			return {}
	return {}


## Ends a job within a step or token.
func cancel(job: String) -> void:
	_cancelled[job] = true
	await _json(HTTPClient.METHOD_DELETE, "/v1/jobs/" + job)


## The nodes of a GLB file; null if it cannot be read.
func scene_of(data: PackedByteArray) -> Node3D:
	var document := GLTFDocument.new()
	var state := GLTFState.new()
	if document.append_from_buffer(data, "", state) != OK:
		problem = "the server's object cannot be read"
		return null
	return document.generate_scene(state) as Node3D


func _json(method: HTTPClient.Method, path: String, body: Variant = null) -> Variant:
	var data := await _fetch(method, path, body)
	if data.is_empty():
		return null
	var parsed: Variant = JSON.parse_string(data.get_string_from_utf8())
	if not parsed is Dictionary:
		problem = "the server's answer cannot be read"
		return null
	return parsed


func _fetch(method: HTTPClient.Method, path: String, body: Variant = null) -> PackedByteArray:
	problem = ""
	var http := HTTPRequest.new()
	http.body_size_limit = MAX_ANSWER_BYTES
	add_child(http)
	var headers := PackedStringArray(["Content-Type: application/json"])
	if not key.is_empty():
		headers.append("Authorization: Bearer " + key)
	var text := "" if body == null else JSON.stringify(body)
	var begun := http.request(server.trim_suffix("/") + path, headers, method, text)
	if begun != OK:
		http.queue_free()
		problem = "'%s' is no address of a server" % server
		return PackedByteArray()
	var result: Array = await http.request_completed
	http.queue_free()
	var data: PackedByteArray = result[3]
	if int(result[0]) != HTTPRequest.RESULT_SUCCESS:
		problem = "no server at %s (start one with: ptah serve)" % server
		return PackedByteArray()
	if int(result[1]) >= 300:
		var said: Variant = JSON.parse_string(data.get_string_from_utf8())
		problem = "the server answered %d" % int(result[1])
		if said is Dictionary and (said as Dictionary).get("error") is Dictionary:
			problem = str((said as Dictionary)["error"]["message"])
		return PackedByteArray()
	return data
