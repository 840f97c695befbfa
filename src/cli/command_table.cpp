#include "cli/command_table.h"

#include "base/text.h"

namespace ptah::cli {

using Add = void(CLI::App&, Action&);
Add add_ask, add_batch, add_car, add_character, add_chat, add_cid, add_classify, add_completion, add_consent, add_contract, add_convert, add_create, add_dao,
    add_dev_chain, add_draw, add_edges, add_embed, add_emotion, add_evaluate, add_face, add_faces, add_field, add_generate, add_help, add_key, add_learn,
    add_mark, add_measure, add_memory, add_mint, add_models, add_object, add_paint, add_perplexity, add_photo, add_plan, add_profile, add_pull, add_quantize,
    add_read, add_recall, add_redeem, add_render, add_replay, add_say, add_scene, add_schema, add_serve, add_shape, add_show, add_sign, add_similar, add_studio,
    add_talk, add_teach, add_template, add_texture, add_tokenize, add_train, add_transcribe, add_transfer, add_translate, add_upscale, add_verify, add_version,
    add_voucher, add_watermark, add_work, add_worker;

namespace {

constexpr const char* kCreate = "Create";
constexpr const char* kLanguage = "Language";
constexpr const char* kTrain = "Train";
constexpr const char* kModels = "Models";
constexpr const char* kOwn = "Own";
constexpr const char* kCommunity = "Community";
constexpr const char* kHelp = "Help";

constexpr Command kTable[] = {
    {"create", kCreate, add_create,
     "ptah create \"a red fox\"\n"
     "ptah create \"a blue owl\" --style flat --size 512 --background white --format png,glb,stl --size-mm 80\n"
     "ptah create \"a dragon\" --from drawing.png --strength 0.7\n"
     "ptah create --prompts animals.txt --style sticker --out animals"},
    {"object", kCreate, add_object,
     "ptah object photo.jpg\n"
     "ptah object badge.png --solid slab --format stl --height-mm 40\n"
     "ptah object photo.jpg --model TripoSR --plan"},
    {"shape", kCreate, add_shape,
     "ptah shape chair --set legs=square\n"
     "ptah shape chair.shape --format glb,3mf,scad\n"
     "ptah shape --prompt \"a wooden chair with a red cushion\" --print\n"
     "ptah shape chair --texture 1024\n"
     "ptah shape --list"},
    {"scene", kCreate, add_scene,
     "ptah scene \"a bedroom with a double bed, two bedside tables and a lamp on each\"\n"
     "ptah scene \"a living room with a sofa, a coffee table in front of it and a rug\" --edit \"make the sofa red\"\n"
     "ptah scene ptah-works/a-kitchen-0 --edit \"move the fridge to the corner\"\n"
     "ptah scene \"a kitchen\" --print"},
    {"render", kCreate, add_render,
     "ptah render chair\n"
     "ptah render chair.shape --environment sunset --view front --background environment\n"
     "ptah render house.glb --view back\n"
     "ptah render teapot --turntable 24 --format gif\n"
     "ptah render table_lamp --samples 64 --azimuth 45 --elevation 10"},
    {"field", kCreate, add_field,
     "ptah field fit captures/castle --seconds 20\n"
     "ptah field fit captures/castle --steps 600 --resolution 128 --held-out 10\n"
     "ptah field render ptah-works/castle turning.webp --frames 24\n"
     "ptah field mesh ptah-works/castle castle.glb\n"
     "ptah field splats ptah-works/castle castle.ply\n"
     "ptah field views castle captures/castle --views 100 --size 200\n"
     "ptah field measure ptah-works/castle captures/castle"},
    {"convert", kCreate, add_convert,
     "ptah convert chair.glb chair.3mf\n"
     "ptah convert scan.stl scan.glb --unit inch\n"
     "ptah convert chair.shape chair.ply --points 100000 --compare"},
    {"measure", kCreate, add_measure,
     "ptah measure chair.glb\n"
     "ptah measure chair.glb chair-small.glb --threshold 0.5"},
    {"texture", kCreate, add_texture,
     "ptah texture statue.glb \"rusty bronze\"\n"
     "ptah texture house.glb \"mossy red brick\" --texels 2048 --unwrap --scale 0.5\n"
     "ptah texture house.glb \"a gingerbread house\" --model sd15.safetensors --control depth.safetensors\n"
     "ptah texture --list"},
    {"paint", kCreate, add_paint,
     "ptah paint \"a red fox, (oil painting:1.2)\" --model sd15.safetensors\n"
     "ptah paint \"a castle\" --model sdxl.safetensors --lora ink.safetensors:0.8 --steps 25 --width 1024 --height 768\n"
     "ptah paint \"a castle\" --model sd15.safetensors --from sketch.png --strength 0.6"},
    {"say", kCreate, add_say,
     "ptah say \"Once upon a time there was a fox.\"\n"
     "ptah say \"The meeting is on Dec. 25 at 10:30 am.\" --voice bf_emma --speed 1.1 --captions\n"
     "ptah say --from chapter.md --voice af_heart:2+af_bella --out chapter\n"
     "ptah say --list"},
    {"face", kCreate, add_face,
     "ptah face \"an old woman with green eyes, smiling\"\n"
     "ptah face \"a young man with a beard\" --seed 7 --azimuth 35 --size 768\n"
     "ptah face --seed 7 --set age=60 --set hair=bald --set smile=0.6\n"
     "ptah face --list"},
    {"talk", kCreate, add_talk,
     "ptah talk \"Good morning!\" --face face.glb\n"
     "ptah talk \"Good morning!\" --person \"a young man with glasses\" --voice am_adam"},
    {"photo", kCreate, add_photo,
     "ptah photo me.png --consent me.consent.json --smile 0.8\n"
     "ptah photo me.png --donor friend.png --consent me.consent.json --consent friend.consent.json --label"},
    {"faces", kCreate, add_faces,
     "ptah faces picture.png\n"
     "ptah faces picture.png --json"},
    {"upscale", kCreate, add_upscale,
     "ptah upscale drawing.png\n"
     "ptah upscale photo.jpg --model RealESRGAN_x4plus.pth --out large.png"},
    {"edges", kCreate, add_edges, "ptah edges photo.jpg --out edges.png"},
    {"batch", kCreate, add_batch,
     "ptah batch requests.jsonl\n"
     "ptah batch requests.jsonl --resume"},
    {"studio", kCreate, add_studio,
     "ptah studio\n"
     "ptah studio --no-open --port 7900"},
    {"serve", kCreate, add_serve,
     "ptah serve\n"
     "ptah serve --host 0.0.0.0 --keys --name studio.example.org --proxy 127.0.0.1\n"
     "ptah serve key add ann --jobs-an-hour 100\n"
     "ptah serve key list\n"
     "ptah serve key remove ann\n"
     "ptah serve --host 192.168.1.10 --keys --queue nats://192.168.1.10:4222"},
    {"work", kCreate, add_work,
     "ptah work --queue nats://192.168.1.10:4222\n"
     "ptah work --queue nats://192.168.1.10:4222 --workers 2 --classes picture,text --budget 4G"},
    {"plan", kCreate, add_plan,
     "ptah plan \"a castle\"\n"
     "ptah plan \"a castle\" --size 512 --budget 300M\n"
     "ptah plan chat --prompt-tokens 500 --max-tokens 200"},
    {"replay", kCreate, add_replay,
     "ptah replay ptah-works/a-red-fox-0\n"
     "ptah replay stranger.png --out again"},
    {"recall", kCreate, add_recall, "ptah recall picture.png"},

    {"chat", kLanguage, add_chat,
     "ptah chat\n"
     "ptah chat --model gemma3-270m --system \"You keep an inn.\" --no-memory"},
    {"ask", kLanguage, add_ask,
     "ptah ask \"What is a fjord?\"\n"
     "ptah ask \"Describe a dragon for a game.\" --schema monster.json\n"
     "ptah ask \"Summarise this.\" --file article.txt"},
    {"generate", kLanguage, add_generate,
     "ptah generate \"Once upon a time\" --max-tokens 60\n"
     "ptah generate \"A poem about a fox:\" --out poem"},
    {"character", kLanguage, add_character,
     "ptah character talk mira.json --game tavern.json\n"
     "ptah character talk mira.json oskar.json --game tavern.json --memory saves\n"
     "ptah character talk mira.json --game tavern.json --model none\n"
     "ptah character examples mira.json --game tavern.json --out examples.jsonl\n"
     "ptah character evaluate mira.json --game tavern.json --wishes held_out.jsonl"},
    {"teach", kLanguage, add_teach,
     "ptah teach questions article.md --out lesson --format qti --format moodle\n"
     "ptah teach questions article.md --bloom analyse --level hard --count 10\n"
     "ptah teach statistics answers.csv\n"
     "ptah teach tests roman.py\n"
     "ptah teach exercises roman.py --out exercises\n"
     "ptah teach grade roman.py test_roman.py\n"
     "ptah teach serve class\n"
     "ptah teach grades class\n"
     "ptah teach run hello.py"},
    {"memory", kLanguage, add_memory,
     "ptah memory list\n"
     "ptah memory add \"I live in Ghent.\"\n"
     "ptah memory edit 3 \"I live in Bruges.\"\n"
     "ptah memory forget 3\n"
     "ptah memory recall \"Where do I live?\"\n"
     "ptah memory conversations\n"
     "ptah memory show 1\n"
     "ptah memory export"},
    {"embed", kLanguage, add_embed,
     "ptah embed \"a small cat\"\n"
     "ptah embed --file texts.txt"},
    {"classify", kLanguage, add_classify,
     "ptah classify \"I could not be happier\" --model classifier\n"
     "ptah classify --file letters.txt --model classifier --json"},
    {"emotion", kLanguage, add_emotion,
     "ptah emotion \"I could not be happier, thank you!\"\n"
     "ptah emotion --from letters.txt --lines --json"},
    {"similar", kLanguage, add_similar, "ptah similar \"a small cat\" --file texts.txt --top 3"},
    {"transcribe", kLanguage, add_transcribe,
     "ptah transcribe talk.wav\n"
     "ptah transcribe talk.wav --format srt --out talk.srt\n"
     "ptah transcribe vortrag.wav --model whisper-base --language de --json"},
    {"translate", kLanguage, add_translate,
     "ptah translate \"a red house\" --model translator\n"
     "ptah translate ptah --model sounds --beams 8 --attention where.svg"},
    {"tokenize", kLanguage, add_tokenize, "ptah tokenize \"Hello, world\" --model smollm2"},
    {"template", kLanguage, add_template, "ptah template chat_template.jinja <conversation.json"},

    {"train", kTrain, add_train,
     "ptah train picture my-pictures --minutes 5\n"
     "ptah train picture --config train.json\n"
     "ptah train language book.txt --minutes 1\n"
     "ptah train encoder labelled.csv --out classifier\n"
     "ptah train translate pairs.tsv --out translator\n"
     "ptah train gan my-pictures --minutes 10 --out gan\n"
     "ptah train preference --config preference.json\n"
     "ptah train reward --config reward.json\n"
     "ptah train reinforce --config reinforce.json\n"
     "ptah train shape --config shape.json\n"
     "ptah train matting --config matting.json\n"
     "ptah train denoiser --config denoiser.json"},
    {"learn", kTrain, add_learn,
     "ptah learn\n"
     "ptah learn pairs.jsonl --model smollm2 --out my-adapter\n"
     "ptah learn pairs.jsonl --replay my-adapter"},
    {"draw", kTrain, add_draw, "ptah draw gan --count 100 --seed 7 --out pictures"},
    {"evaluate", kTrain, add_evaluate,
     "ptah evaluate object --wrong\n"
     "ptah evaluate scene --wrong\n"
     "ptah evaluate picture --data pictures --parts held-out,prompts\n"
     "ptah evaluate principles --texts answers.txt\n"
     "ptah evaluate matting --data matting-data\n"
     "ptah evaluate denoiser --views 24"},
    {"perplexity", kTrain, add_perplexity, "ptah perplexity --file book.txt --model smollm2"},
    {"profile", kTrain, add_profile, "ptah profile --model sd15.safetensors --width 512 --height 512"},

    {"models", kModels, add_models,
     "ptah models\n"
     "ptah models --verbose\n"
     "ptah models --remove gemma3-270m"},
    {"pull", kModels, add_pull,
     "ptah pull\n"
     "ptah pull smollm2\n"
     "ptah pull hf:OWNER/REPO/model.gguf"},
    {"quantize", kModels, add_quantize, "ptah quantize model.gguf small.gguf --kind q4_k"},

    {"verify", kOwn, add_verify,
     "ptah verify ptah-works/a-red-fox-0\n"
     "ptah verify photo.jpg --trust newsroom.pem"},
    {"key", kOwn, add_key,
     "ptah key new\n"
     "ptah key list\n"
     "ptah key export maker maker-backup.json\n"
     "ptah key import maker-backup.json maker\n"
     "ptah key rotate maker\n"
     "ptah key delete old\n"
     "ptah key certificate maker\n"
     "ptah key serve maker --port 8700"},
    {"sign", kOwn, add_sign,
     "ptah sign article.md --title \"The clock of Varn\" --out article\n"
     "ptah sign article/article.md cover.png=cover/picture.png aloud/speech.wav --title \"Issue 1\" --out issue-1"},
    {"mark", kOwn, add_mark, "ptah mark photo.jpg marked.jpg --source digitalCapture"},
    {"watermark", kOwn, add_watermark, "ptah watermark copy.jpg --works ptah-works"},
    {"consent", kOwn, add_consent,
     "ptah consent give me.png --person \"Ann Smith\" --use expression,swap --days 30 --out me.consent.json\n"
     "ptah consent check me.consent.json --picture me.png\n"
     "ptah consent revoke me.consent.json"},
    {"cid", kOwn, add_cid, "ptah cid poem/text.txt"},
    {"car", kOwn, add_car, "ptah car works.car ptah-works/a-red-fox-0/picture.png"},
    {"mint", kOwn, add_mint,
     "ptah mint ptah-works/a-red-fox-0 --dev-chain\n"
     "ptah mint ptah-works/a-red-fox-0 --rpc https://node.example --royalty 250"},
    {"show", kOwn, add_show, "ptah show ptah-works/a-red-fox-0 --replay"},
    {"transfer", kOwn, add_transfer, "ptah transfer ptah-works/a-red-fox-0 0x70997970C51812dc3A010C7d01b50e0d17dc79C8"},
    {"voucher", kOwn, add_voucher, "ptah voucher ptah-works/a-red-fox-0 offer.json --price 0.05 --days 14"},
    {"redeem", kOwn, add_redeem, "ptah redeem offer.json"},
    {"dev-chain", kOwn, add_dev_chain,
     "ptah dev-chain start\n"
     "ptah dev-chain advance 2d\n"
     "ptah dev-chain stop"},

    {"read", kCommunity, add_read,
     "ptah read publish article.md published --budget 1000 --reward 2 --dev-chain\n"
     "ptah read odds article.md --details\n"
     "ptah read serve published --port 8080 --per-peer 3\n"
     "ptah read allow published readers.json 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
     "ptah read take http://127.0.0.1:8080/ voucher.json\n"
     "ptah read claim voucher.json"},
    {"dao", kCommunity, add_dao,
     "ptah dao found review.json --name \"Fox Review\" --symbol FOX --share maker=600 --treasury 10000 --dev-chain\n"
     "ptah dao show review.json\n"
     "ptah dao delegate review.json\n"
     "ptah dao pay review.json ann 50 --propose \"Pay Ann for the cover\"\n"
     "ptah dao job review.json \"A cover with a fox\" --amount 200 --judge maker\n"
     "ptah dao market review.json \"Will issue 2 appear in May?\" --liquidity 100 --resolver maker --arbiter ann\n"
     "ptah dao vote review.json 7231 for\n"
     "ptah dao queue review.json 7231\n"
     "ptah dao execute review.json 7231\n"
     "ptah dao submit review.json 1 ptah-works/a-red-fox-0\n"
     "ptah dao accept review.json 1 ann\n"
     "ptah dao reject review.json 1 ann\n"
     "ptah dao object review.json 1\n"
     "ptah dao release review.json 1\n"
     "ptah dao close review.json 1\n"
     "ptah dao buy review.json 1 yes 20\n"
     "ptah dao sell review.json 1 yes 5\n"
     "ptah dao split review.json 1 10\n"
     "ptah dao merge review.json 1 10\n"
     "ptah dao name review.json 1 yes\n"
     "ptah dao dispute review.json 1\n"
     "ptah dao decide review.json 1 no\n"
     "ptah dao settle review.json 1\n"
     "ptah dao redeem review.json 1\n"
     "ptah dao take review.json"},

    {"contract", kCommunity, add_contract,
     "ptah contract write \"crowdfund 50 ETH in 30 days, with refunds\" --out fund\n"
     "ptah contract write --spec fund/specification.json --set goal=\"60 ETH\" --out fund2\n"
     "ptah contract check fund\n"
     "ptah contract diff fund fund2\n"
     "ptah contract deploy fund --set beneficiary=me --dev-chain\n"
     "ptah contract kinds"},

    {"worker", "", add_worker, ""},
    {"help", kHelp, add_help,
     "ptah help create\n"
     "ptah help key new"},
    {"version", kHelp, add_version, "ptah version"},
    {"schema", kHelp, add_schema, "ptah schema create"},
    {"completion", kHelp, add_completion, "source <(ptah completion)"},
};

}  // namespace

std::span<const Command> command_table() { return kTable; }

void add_commands(CLI::App& app, Action& action) {
  for (const Command& row : kTable) {
    row.add(app, action);
    CLI::App* command = app.get_subcommand(row.name);  // throws if a row names what was not added
    command->group(row.group);
  }
}

std::string examples_of(const std::string& path) {
  const std::string top = path.substr(0, path.find(' '));
  std::string out;
  for (const Command& row : kTable)
    if (row.name == top)
      for (const std::string& line : lines_of(row.examples))
        if (line == "ptah " + path || line.starts_with("ptah " + path + " ") || path == row.name) out += line + "\n";
  return out;
}

}  // namespace ptah::cli
