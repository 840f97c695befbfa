// The public API of Ptah.
#pragma once

#include "ptah/engine.h"
#include "ptah/language.h"
#include "ptah/paint.h"
#include "ptah/result.h"
#include "ptah/train.h"
