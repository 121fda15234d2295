"""Two towers: real loading, pixels, words and pooling on tiny models of the same make, beside what torch answers."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import onnx
import pytest
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import Lowercase, Replace, Sequence
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import Runtime
from ml.embedders import dual
from ml.embedders.dual import DualImageTower, DualTextTower, Tokens, open_tokenizer, token_ids
from ml.registry import EMBEDDERS
from ml.runtime import loaded
from tests.ml import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ml.embedders.dual import DualEncoder

LETTERS = "▁abcdefghijklmnopqrstuvwxyz"
MERGES = [("d", "o"), ("do", "g"), ("c", "a"), ("ca", "t"), ("▁", "dog"), ("▁", "cat"), ("p", "h")]


def gemma_like(path: Path) -> dict[str, int]:
    """A tokenizer file laid out as Gemma's: words joined by "▁", bytes for what it does not know, an end mark that
    the file's own post-processor adds.  Returns the ids."""
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *LETTERS]
    tokens += [left + right for left, right in MERGES]
    ids = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(BPE(vocab=ids, merges=MERGES, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = Replace(" ", "▁")
    tokenizer.pre_tokenizer = Split(" ", "merged_with_previous")
    tokenizer.post_processor = TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    tokenizer.enable_padding(length=8)
    tokenizer.enable_truncation(max_length=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return ids


def clip_like(path: Path) -> dict[str, int]:
    """Lower case, "</w>" at the end of words; ids as small as it has words."""
    letters = [*LETTERS[1:], *(f"{letter}</w>" for letter in LETTERS[1:])]
    merges = [("d", "o"), ("do", "g</w>"), ("c", "a"), ("ca", "t</w>")]
    ids = {token: index for index, token in enumerate([*letters, *(left + right for left, right in merges)])}
    tokenizer = Tokenizer(BPE(vocab=ids, merges=merges, end_of_word_suffix="</w>"))
    tokenizer.normalizer = Sequence([Lowercase()])
    tokenizer.pre_tokenizer = Split(" ", "removed")
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return ids


def small(model: DualEncoder) -> DualEncoder:
    return msgspec.structs.replace(model, dimensions=tiny.DIMENSIONS)


def runtime(folder: Path) -> Runtime:
    return Runtime(folder, 4096)


def pixels_by_hand(image: NDArray[np.uint8], model: DualEncoder) -> NDArray[np.float32]:
    """Squashed, or shortest side and then the middle, with Pillow; normalised in double precision."""
    how = model.pixels
    picture, side = Image.fromarray(image), how.side
    filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    if how.fit == "squash":
        picture = picture.resize((side, side), filters[how.resample])
    else:
        width, height = picture.size
        short = min(width, height)
        across, down = int(side * width / short), int(side * height / short)
        left, top = (across - side) // 2, (down - side) // 2
        picture = picture.resize((across, down), filters[how.resample]).crop((left, top, left + side, top + side))
    values = (np.array(picture) / 255.0 - np.array(how.mean)) / np.array(how.std)
    batch: NDArray[np.float32] = values.transpose(2, 0, 1)[None].astype(np.float32)
    return batch


@pytest.mark.parametrize("model", [dual.SIGLIP2, dual.CLIP, dual.MOBILECLIP], ids=lambda model: model.spec.name)
def test_the_tower_of_pictures_answers_as_torch_does(tmp_path: Path, model: DualEncoder) -> None:
    path = tmp_path / model.spec.name / model.spec.files[0].name
    make = tiny.siglip_image if model is dual.SIGLIP2 else tiny.clip_image
    reference = make(path, side=model.pixels.side)
    images = [tiny.picture(seed, width=300 + 20 * seed, height=200) for seed in range(6)]
    tower = DualImageTower(small(model))
    tower.load(runtime(tmp_path))
    vectors = tower.embed_images(images)
    expected = np.concatenate([reference.expected(pixels_by_hand(image, model)) for image in images])
    np.testing.assert_allclose(vectors, expected, atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors.dtype == np.float32
    query = vectors[2]
    assert tiny.order(vectors @ query) == tiny.order(expected @ expected[2])
    assert len({tuple(np.round(vector, 3)) for vector in vectors}) == len(images)


def test_siglip2_reads_lower_case_an_end_mark_and_exactly_64_tokens(tmp_path: Path) -> None:
    folder = tmp_path / "siglip2"
    ids = gemma_like(folder / "tokenizer.json")
    reference = tiny.siglip_text(folder / dual.SIGLIP2.spec.files[1].name, words=len(ids))
    tower = DualTextTower(small(dual.SIGLIP2))
    tower.load(runtime(tmp_path))
    texts = ["A Photo of a DOG", "cat", "", "dog " * 100, "é"]
    rows = [
        [*(ids[t] for t in ("a", "▁", "ph", "o", "t", "o", "▁", "o", "f", "▁", "a", "▁dog")), 1],
        [ids["cat"], 1],
        [1],
        [ids["dog"], *[ids["▁dog"]] * 62, 1],
        [ids["<0xC3>"], ids["<0xA9>"], 1],
    ]
    padded = np.array([row + [0] * (64 - len(row)) for row in rows])
    assert padded.shape == (5, 64)
    for text, row in zip(texts, padded, strict=True):
        assert token_ids(tower._tokenizer, text, dual.SIGLIP2.tokens)[0] == row.tolist()
    vectors = tower.embed_texts(texts)
    np.testing.assert_allclose(vectors, reference.expected(padded), atol=2e-5)
    assert vectors.shape == (5, tiny.DIMENSIONS)
    np.testing.assert_allclose(tower.embed_texts(["CAT"]), vectors[1:2], atol=1e-6)


@pytest.mark.parametrize(("model", "pad"), [(dual.CLIP, 49407), (dual.MOBILECLIP, 0)])
def test_clip_reads_a_begin_mark_an_end_mark_and_77_tokens(tmp_path: Path, model: DualEncoder, pad: int) -> None:
    folder = tmp_path / model.spec.name
    ids = clip_like(folder / "tokenizer.json")
    reference = tiny.clip_text(folder / model.spec.files[1].name)
    tower = DualTextTower(small(model))
    tower.load(runtime(tmp_path))
    texts = ["a Dog", "cat", "", "dog " * 100]
    rows = [
        [49406, ids["a</w>"], ids["dog</w>"], 49407],
        [49406, ids["cat</w>"], 49407],
        [49406, 49407],
        [49406, *[ids["dog</w>"]] * 75, 49407],
    ]
    padded = np.array([row + [pad] * (77 - len(row)) for row in rows])
    np.testing.assert_allclose(tower.embed_texts(texts), reference.expected(padded), atol=2e-5)


def test_words_and_pictures_meet_in_one_space(tmp_path: Path) -> None:
    """What search does: the order of pictures for a text is that of torch."""
    folder = tmp_path / "siglip2"
    ids = gemma_like(folder / "tokenizer.json")
    seeing = tiny.siglip_image(folder / dual.SIGLIP2.spec.files[0].name)
    reading = tiny.siglip_text(folder / dual.SIGLIP2.spec.files[1].name, words=len(ids))
    images = [tiny.picture(seed) for seed in range(20)]
    model = small(dual.SIGLIP2)
    image_tower, text_tower = DualImageTower(model), DualTextTower(model)
    for tower in (image_tower, text_tower):
        tower.load(runtime(tmp_path))
    scores = image_tower.embed_images(images) @ text_tower.embed_texts(["dog"])[0]
    row = np.array([[ids["dog"], 1, *[0] * 62]])
    pixels = np.concatenate([pixels_by_hand(image, model) for image in images])
    assert tiny.order(scores) == tiny.order(seeing.expected(pixels) @ reading.expected(row)[0])


def test_a_tower_that_wants_a_mask_is_told_what_is_padding(tmp_path: Path) -> None:
    """Its answer: how many tokens are not padding, and the first of them."""
    helper, folder = onnx.helper, tmp_path / "siglip2"
    ids = gemma_like(folder / "tokenizer.json")
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=onnx.TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "axes"], ["count"], keepdims=1),
        helper.make_node("Cast", ["input_ids"], ["ids"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Gather", ["ids", "first"], ["begin"], axis=1),
        helper.make_node("Concat", ["count", "begin"], ["text_embeds"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["n", 64])
        for name in ("input_ids", "attention_mask")
    ]
    constants = [
        onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "axes"),
        onnx.numpy_helper.from_array(np.array([0], dtype=np.int64), "first"),
    ]
    outputs = [helper.make_tensor_value_info("text_embeds", onnx.TensorProto.FLOAT, ["n", 2])]
    graph = helper.make_graph(nodes, "counts", inputs, outputs, constants)
    path = folder / dual.SIGLIP2.spec.files[1].name
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    tower = DualTextTower(msgspec.structs.replace(dual.SIGLIP2, dimensions=2))
    tower.load(runtime(tmp_path))
    answer = np.array([3.0, ids["dog"]])
    np.testing.assert_allclose(tower.embed_texts(["dog cat"])[0], answer / np.linalg.norm(answer), atol=1e-6)


def test_another_number_of_dimensions_is_told_as_such(tmp_path: Path) -> None:
    tiny.siglip_image(tmp_path / "siglip2" / dual.SIGLIP2.spec.files[0].name)
    tower = DualImageTower(dual.SIGLIP2)
    tower.load(runtime(tmp_path))
    with pytest.raises(ModelOutputError, match="one embedding for each input"):
        tower.embed_images([tiny.picture(0)])


def test_a_network_without_embeddings_is_told_as_such(tmp_path: Path) -> None:
    weights = np.ones((tiny.DIMENSIONS, 192), dtype=np.float32)
    tiny.save_linear(tmp_path / "siglip2" / dual.SIGLIP2.spec.files[0].name, side=256, outputs={"logits": weights})
    tower = DualImageTower(small(dual.SIGLIP2))
    tower.load(runtime(tmp_path))
    with pytest.raises(ModelOutputError):
        tower.embed_images([tiny.picture(0)])


def test_missing_and_torn_files_say_what_to_do(tmp_path: Path) -> None:
    model = small(dual.SIGLIP2)
    for tower in (DualImageTower(model), DualTextTower(model)):
        with pytest.raises(ModelUnavailableError) as caught:
            tower.load(runtime(tmp_path))
        assert caught.value.hint == "Fetch it: homeroll models pull siglip2"
    (tmp_path / "torn.json").write_text("{}")
    with pytest.raises(ModelUnavailableError, match="tokenizer of siglip2 cannot be read"):
        open_tokenizer(str(tmp_path / "torn.json"), dual.SIGLIP2.spec)


def test_each_tower_is_loaded_once_and_weighed_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "siglip2"
    ids = gemma_like(folder / "tokenizer.json")
    tiny.siglip_image(folder / dual.SIGLIP2.spec.files[0].name)
    tiny.siglip_text(folder / dual.SIGLIP2.spec.files[1].name, words=len(ids))
    made = dual._embedder(small(dual.SIGLIP2))
    assert made.text is not None
    image, text = loaded(made.image, runtime(tmp_path)), loaded(made.text, runtime(tmp_path))
    assert loaded(made.image, runtime(tmp_path)) is image
    assert loaded(made.text, runtime(tmp_path)) is text
    assert image.spec.memory_mb == dual.SIGLIP2.image_mb
    assert text.spec.memory_mb == dual.SIGLIP2.text_mb


@pytest.mark.parametrize("model", [dual.SIGLIP2, dual.SIGLIP2_FP32, dual.CLIP, dual.MOBILECLIP])
def test_constants_belong_together(model: DualEncoder) -> None:
    assert model.spec.memory_mb == max(model.image_mb, model.text_mb)
    assert len(model.spec.files) == 3
    assert model.spec.files[2].name == "tokenizer.json"
    assert model.spec.licence
    assert model.spec.title
    (listed,) = [found for found in EMBEDDERS if found.spec is model.spec]
    assert listed.dimensions == model.dimensions
    assert listed.text is not None
    assert listed.image().dimensions == listed.text().dimensions == model.dimensions
    assert pickle.loads(pickle.dumps(model)) == model


def clip_merges(corpus: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """CLIP's vocabulary from its published merges, by the recipe in its paper's repository."""
    import gzip

    lines = (
        gzip.decompress((corpus.parent / "models/vocab/bpe_simple_vocab_16e6.txt.gz").read_bytes())
        .decode()
        .splitlines()
    )
    merges = [(left, right) for left, right in (line.split() for line in lines[1 : 49152 - 256 - 2 + 1])]
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    signs = [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]
    tokens = [*signs, *(f"{sign}</w>" for sign in signs), *(left + right for left, right in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}, merges


@pytest.mark.corpus
def test_the_real_words_of_clip_have_their_real_numbers(corpus: Path, tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    ids, merges = clip_merges(corpus)
    assert len(ids) == 49408
    make: Any = CLIPTokenizer  # its annotations leave out pairs
    theirs = make(vocab=ids, merges=merges)
    theirs.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    ours = open_tokenizer(str(tmp_path / "tokenizer.json"), dual.CLIP.spec)
    row, count = token_ids(ours, "a photo of a cat", dual.CLIP.tokens)
    assert row[:count] == [49406, 320, 1125, 539, 320, 2368, 49407]
    texts = ["", "  Trees in a VALLEY ", "invoice 2023", "Ünïcode, naïve café!", "dog's ball", "日本 🎄", "word " * 90]
    for text in texts:
        expected = theirs(text, padding="max_length", max_length=77, truncation=True)["input_ids"]
        assert token_ids(ours, text, dual.CLIP.tokens)[0] == expected, text


def test_a_begin_mark_counts_towards_the_length(tmp_path: Path) -> None:
    clip_like(tmp_path / "tokenizer.json")
    tokenizer = open_tokenizer(str(tmp_path / "tokenizer.json"), dual.CLIP.spec)
    how = Tokens(length=4, begin=90, end=91, pad=92)
    assert token_ids(tokenizer, "dog dog dog dog", how)[0][0] == 90
    assert token_ids(tokenizer, "dog dog dog dog", how)[0][3] == 91
    assert token_ids(tokenizer, "", how) == ([90, 91, 92, 92], 2)
