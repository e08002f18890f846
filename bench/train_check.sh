#!/bin/sh
# Does a trainer learn as much from take5's preparation as from its own? Needs an NVIDIA GPU, take5, and the trainer,
# installed as its README says, with its weights and its environment active.
#
#     sh bench/train_check.sh synctalk ~/SyncTalk out/talk/synctalk/talk
#     sh bench/train_check.sh instag ~/InsTaG out/talk/instag/talk
#
# The bundle, of take5 select --for TRAINER and not prepared, is copied into the trainer's data/ twice. One copy is
# prepared by the trainer's own steps, the other by take5 prepare --masks; steps that are then left are run for both, as
# take5 check names them. Each is trained for 2,000 iterations a stage, and the held-out frames are rendered. For both
# are printed: seconds of preparation and of training, and of the held-out frames the trainer's own PSNR (against its
# own gt_imgs, whose background is prepared, too) and LMD. Whatever programs say goes to files beside the copies.
#
# ITERATIONS: of a stage (2000). TAKE5: the command (take5). FRESH=1: replaces copies of an earlier run.

set -eu
ITERATIONS=${ITERATIONS:-2000}
TAKE5=${TAKE5:-take5}

fail() {
    echo "train_check: $1" >&2
    exit 2
}

needed() { # FILE, WHERE FROM
    [ -e "$TRAINER/$1" ] || fail "$TRAINER/$1 is missing: $2"
}

weights() {
    needed data_utils/face_parsing/79999_iter.pth "the weights of the face parsing, which the trainer's README names"
    needed data_utils/face_tracking/3DMM/3DMM_info.npy "the Basel face model, converted as the trainer's README says"
}

check_synctalk() {
    needed main.py "give a checkout of SyncTalk"
    weights
    needed nerf_triplane/checkpoints/audio_visual_encoder.pth "it is in SyncTalk's repository"
}

check_instag() {
    needed train_face.py "give a checkout of InsTaG"
    weights
    needed data_utils/audio_visual_encoder.pth "scripts/prepare.sh fetches it"
    needed data_utils/easyportrait/fpn-fp-512.pth "the weights of the teeth, which InsTaG's README names"
    needed data_utils/sapiens/checkpoint "scripts/prepare_sapiens.sh fetches it"
    for part in face mouth; do
        needed "output/pretrain_ave/chkpnt_ema_${part}_latest.pth" "the pre-trained pair, which InsTaG's README names"
    done
    command -v FeatureExtraction >/dev/null || fail "FeatureExtraction is not on the PATH: install OpenFace"
    command -v conda >/dev/null || fail "conda is not on the PATH: depth and normals run in its environment sapiens_lite"
}

[ $# -eq 3 ] || fail "usage: sh bench/train_check.sh synctalk|instag CHECKOUT BUNDLE"
NAME=$1 TRAINER=${2%/} BUNDLE=${3%/}
case $NAME in
synctalk | instag) ;;
*) fail "$NAME: trainers that are compared are synctalk and instag" ;;
esac
case $ITERATIONS in
'' | 0* | *[!0-9]*) fail "ITERATIONS=$ITERATIONS must be a whole number of at least 1" ;;
esac
[ -d "$TRAINER" ] || fail "$TRAINER is not a folder; give the trainer's checkout"
"check_$NAME"
[ -f "$BUNDLE/manifest.json" ] || fail "$BUNDLE has no manifest.json; give a bundle of take5 select --for $NAME"
grep -q "^ \"trainer\": \"$NAME\"" "$BUNDLE/manifest.json" || fail "$BUNDLE is a bundle for another trainer than $NAME"
[ ! -e "$BUNDLE/track_params.pt" ] || fail "$BUNDLE is prepared already; give one as take5 select --for $NAME writes it"
command -v "$TAKE5" >/dev/null || fail "$TAKE5: no such command; set TAKE5"
python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' ||
    fail "python has no PyTorch that sees a GPU; activate the trainer's environment, on a machine with CUDA"

case $TAKE5 in
/*) ;;
*/*) TAKE5=$PWD/$TAKE5 ;;
esac
BUNDLE=$(cd "$BUNDLE" && pwd)
cd "$TRAINER"
ID=$(basename "$BUNDLE")
FRAMES=$(find "$BUNDLE/ori_imgs" -name '*.jpg' | wc -l)
VIEWS=$((FRAMES * 10 / 11))

for way in own take5; do
    for place in "data/${ID}_$way" "model/${ID}_$way" "output/${ID}_$way"; do
        [ ! -e "$place" ] || [ -n "${FRESH:-}" ] || fail "$TRAINER/$place is there already; FRESH=1 replaces it"
        rm -rf "$place"
    done
done

run() { # what it says goes to the log
    echo "+ $*" >>"$LOG"
    "$@" >>"$LOG" 2>&1 || fail "a step has failed; the end of $TRAINER/$LOG says why: $*"
}

prepare() { # every step that take5 check names, until training is next
    [ "$1" = own ] || run "$TAKE5" prepare --masks --json "$FOLDER"
    last=
    while :; do
        "$TAKE5" check "$FOLDER" --for "$NAME" >"$LOG.check" || fail "$FOLDER is wrong; see $TRAINER/$LOG.check"
        next=$(sed -n 's/^next, [^:]*: //p' "$LOG.check")
        case $next in
        'python main.py'* | 'python train_'*) return ;;
        "$last") fail "this has not made what it should; see $TRAINER/$LOG: $next" ;;
        esac
        run sh -c "$next"
        last=$next
    done
}

train_synctalk() {
    run python main.py "$FOLDER" --workspace "model/$PERSON" -O --iters "$ITERATIONS" --asr_model ave
}

train_instag() {
    set -- -s "$FOLDER" -m "output/$PERSON" --audio_extractor ave --sh_degree 1 --N_views "$VIEWS" --iterations "$ITERATIONS"
    pretrained=output/pretrain_ave/chkpnt_ema
    run python train_face.py --type face "$@" --init_num 2000 --densify_grad_threshold 0.0005 \
        --pretrain_path "${pretrained}_face_latest.pth"
    run python train_mouth.py --type mouth "$@" --init_num 5000 --pretrain_path "${pretrained}_mouth_latest.pth"
    run python train_fuse_con.py "$@" --opacity_lr 0.001
}

test_synctalk() { # without --portrait, which pastes the true surroundings back
    run python main.py "$FOLDER" --workspace "model/$PERSON" -O --test --asr_model ave
}

test_instag() {
    run python synthesize_fuse.py -S "$FOLDER" -M "output/$PERSON" --eval --audio_extractor ave --dilate
    shown=output/$PERSON/test/ours_None
    run python metrics.py "$shown/renders/out.mp4" "$shown/gt/out.mp4"
}

figure() { # the last that the log has
    found=$(sed -n "s/^.*$1\( ([a-z]*)\)\{0,1\} = \([0-9.][0-9.]*\).*$/\2/p" "$LOG" | tail -n 1)
    echo "${found:-?}"
}

echo "$NAME, $VIEWS of $FRAMES frames, $ITERATIONS iterations a stage"
echo "| preparation | prepared in | trained in | PSNR | LMD |"
echo "|---|---|---|---|---|"
for way in own take5; do
    PERSON=${ID}_$way FOLDER=data/${ID}_$way LOG=data/${ID}_$way.log
    mkdir -p data
    : >"$LOG"
    cp -r "$BUNDLE" "$FOLDER"
    mv "$FOLDER/$ID.mp4" "$FOLDER/$PERSON.mp4"
    began=$(date +%s)
    prepare "$way"
    prepared=$(date +%s)
    "train_$NAME"
    trained=$(date +%s)
    "test_$NAME"
    echo "| $way | $((prepared - began)) s | $((trained - prepared)) s | $(figure PSNR) | $(figure LMD) |"
done
