"""Golden file of tests/voice/listen_test.cpp: the features that faster-whisper makes of a sound.

  pip install faster-whisper numpy safetensors
  whisper_features.py tests/golden/voice/whisper_features.safetensors
"""
import sys

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from safetensors.numpy import save_file

random = np.random.default_rng(1)
time = np.arange(6000) / 16000
sound = (0.3 * np.sin(2 * np.pi * 300 * time * (1 + time)) + 0.05 * random.standard_normal(time.size)).astype(np.float32)
features = FeatureExtractor()(sound)
save_file({"sound": sound, "features": np.ascontiguousarray(features.T.astype(np.float32))}, sys.argv[1])
