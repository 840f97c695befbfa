// The public API of Ptah.
#pragma once

#include "ptah/character.h"
#include "ptah/emotion.h"
#include "ptah/engine.h"
#include "ptah/face.h"
#include "ptah/field.h"
#include "ptah/language.h"
#include "ptah/paint.h"
#include "ptah/render.h"
#include "ptah/result.h"
#include "ptah/say.h"
#include "ptah/contract.h"
#include "ptah/scene.h"
#include "ptah/shape.h"
#include "ptah/sign.h"
#include "ptah/texture.h"
#include "ptah/train.h"
