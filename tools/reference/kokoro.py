"""Golden file of tests/voice/kokoro_test.cpp: what onnxruntime makes of Kokoro-82M, dequantised to f32.

  pip install onnx onnxruntime numpy safetensors
  kokoro.py MODEL_FOLDER tests/golden/voice/kokoro.safetensors [WAVES_FOLDER]

MODEL_FOLDER is what `ptah pull kokoro` leaves. Of each sentence (phonemes) the golden file keeps the durations; of the first also its sound. With WAVES_FOLDER
everything of each sentence goes there, for measuring.
"""
import json
import re
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from safetensors.numpy import save_file

TAPS = {"durations": "/encoder/Cast_output_0", "pitch": "/encoder/Reshape_output_0", "post": "/decoder/decoder/generator/conv_post/Conv_output_0",
        "decode": "/decoder/decoder/decode.3/Div_4_output_0", "source": "/decoder/decoder/generator/Concat_3_output_0",
        "bert": "/encoder/bert_encoder/Add_output_0"}


def styles(folder, voice):
    """The 510 styles of a voice; those of all voices lie one behind the other, as src/models/kokoro.h names them."""
    header = (Path(__file__).resolve().parent.parent.parent / "src" / "models" / "kokoro.h").read_text()
    names = re.findall(r'"([a-z]{2}_[a-z]+)"', header)
    return np.fromfile(folder / "voices.bin", np.float32).reshape(len(names), 510, 256)[names.index(voice)]


def dequantised(model, taps=TAPS):
    """The same graph with its products of whole numbers as products of f32; what `taps` names comes out, too."""
    graph = model.graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    made = {o: n for n in graph.node for o in n.output}
    used = {}
    for node in graph.node:
        for name in node.input:
            used.setdefault(name, []).append(node)
    after = lambda node, op: next((n for n in used.get(node.output[0], []) if n.op_type == op), None)
    new, dropped = {}, set()

    def weight(node, w, scale, zero):
        name = f"{node.name}:{w}"
        new[name] = ((values[w].astype(np.float32) - zero.astype(np.float32)) * scale.astype(np.float32)).astype(np.float32)
        return name

    replaced = {}
    for node in graph.node:
        if node.op_type in ("ConvInteger", "MatMulInteger") and node.input[1] in values:
            last, bias = node, ""
            if node.op_type == "ConvInteger" and (total := after(node, "Add")) is not None:
                bias = total.name.replace("_quantizedbias_add", "")
                last = total
            cast = after(last, "Cast")
            product = after(cast, "Mul")
            scales = made[next(i for i in product.input if i != cast.output[0])]
            scale = values[next(i for i in scales.input if i in values)]
            name = weight(node, node.input[1], scale, values[node.input[3]])
            inputs = [made[node.input[0]].input[0], name] + ([bias] if bias else [])
            plain = helper.make_node("Conv" if node.op_type == "ConvInteger" else "MatMul", inputs, [product.output[0]], name=node.name)
            plain.attribute.extend(node.attribute)
            replaced[id(node)] = plain
            dropped |= {id(cast), id(product)} | ({id(last)} if last is not node else set())
        elif node.op_type == "DynamicQuantizeLSTM":
            names = []
            for w, scale, zero in ((1, 8, 9), (2, 10, 11)):
                s, z = values[node.input[scale]].reshape(2, 1, 1), values[node.input[zero]].reshape(2, 1, 1)
                name = weight(node, node.input[w], s, z)
                new[name] = new[name].transpose(0, 2, 1).copy()
                names.append(name)
            plain = helper.make_node("LSTM", [node.input[0], *names, *node.input[3:7]], list(node.output), name=node.name)
            plain.attribute.extend(node.attribute)
            replaced[id(node)] = plain
    nodes = [replaced.get(id(n), n) for n in graph.node if id(n) not in dropped]
    made = {o: n for n in nodes for o in n.output}
    kept, seen, stack = [], set(), [(made[o], False) for o in [*taps.values(), graph.output[0].name]]
    while stack:  # only what is needed, in order
        node, ready = stack.pop()
        if ready:
            kept.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((made[i], False) for i in node.input if i in made and id(made[i]) not in seen)
    names = {i for n in kept for i in n.input}
    initialisers = [t for t in graph.initializer if t.name in names] + [numpy_helper.from_array(v, k) for k, v in new.items()]
    outputs = list(graph.output) + [helper.make_empty_tensor_value_info(name) for name in taps.values()]
    del graph.node[:], graph.initializer[:], graph.value_info[:], graph.output[:]
    graph.node.extend(kept)
    graph.initializer.extend(initialisers)
    graph.output.extend(outputs)
    return model


def main():
    folder, golden = Path(sys.argv[1]), Path(sys.argv[2])
    waves = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    vocabulary = json.loads((golden.parent / "vocabulary.json").read_text())
    model = dequantised(onnx.load(folder / "kokoro-v1.0.int8.onnx"))
    path = "/tmp/kokoro-f32.onnx"
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path)
    sentences = [line for line in (golden.parent / "sentences.txt").read_text().splitlines() if line]
    voice = styles(folder, "af_heart")
    out = {}
    for index, sentence in enumerate(sentences):
        ids = [vocabulary[c] for c in sentence]
        feed = {"tokens": np.array([[0, *ids, 0]], np.int64), "style": voice[len(ids) - 1][None], "speed": np.array([1], np.float32)}
        names = [session.get_outputs()[0].name, *TAPS.values()]
        found = dict(zip(["audio", *TAPS], session.run(names, feed)))
        out[f"durations.{index}"] = found["durations"].reshape(-1).astype(np.int32)
        if index == 0:
            out["audio"] = found["audio"].astype(np.float16)
            out["pitch"] = found["pitch"].reshape(-1)
        if waves:
            everything = {k: np.ascontiguousarray(v.astype(np.int32) if k == "durations" else v.astype(np.float32)) for k, v in found.items()}
            everything["ids"] = np.array([0, *ids, 0], np.int32)
            everything["style"] = voice[len(ids) - 1].copy()
            save_file(everything, waves / f"{index}.safetensors")
        print(index, len(ids), found["audio"].shape, np.abs(found["audio"]).max())
    save_file(out, golden)


if __name__ == "__main__":
    main()
