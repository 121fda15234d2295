"""Pixels as models want them, beside the processors that are published with the models, and beside plain arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from ml.embedders import dual, mobilenet
from ml.preprocess import HALF, Preprocessing, pixel_values
from ml.taggers import joytag, places365

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = [(640, 480), (480, 640), (300, 300), (1440, 1080), (223, 225), (224, 224), (90, 61), (1, 1), (20, 400)]
VIT = Preprocessing(side=224, fit="squash", resample="bilinear", mean=HALF, std=HALF)


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth colours with noise on them, so that every mistake of half a pixel shows."""
    random = np.random.default_rng(width * 10_000 + height)
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.stack([x * 255 / max(1, width), y * 255 / max(1, height), (x + y) % 256], axis=2)
    return np.clip(smooth + random.normal(0, 25, smooth.shape), 0, 255).astype(np.uint8)


def processed(processor: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    pixels: NDArray[np.float32] = np.asarray(processor(Image.fromarray(image), return_tensors="np")["pixel_values"])
    return pixels


@pytest.mark.parametrize("size", SIZES)
def test_siglip2_is_given_what_transformers_would_give_it(size: tuple[int, int]) -> None:
    processor = SiglipImageProcessorPil(
        size={"height": 256, "width": 256}, resample=Image.Resampling.BICUBIC, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    image = picture(*size)
    np.testing.assert_allclose(
        pixel_values([image], dual.SIGLIP2.pixels), processed(processor, image), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("size", SIZES)
def test_clip_is_given_what_transformers_would_give_it(size: tuple[int, int]) -> None:
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 224},
        crop_size={"height": 224, "width": 224},
        resample=Image.Resampling.BICUBIC,
        image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    )
    image = picture(*size)
    np.testing.assert_allclose(pixel_values([image], dual.CLIP.pixels), processed(processor, image), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_mobileclip_is_given_what_transformers_would_give_it(size: tuple[int, int]) -> None:
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 256},
        crop_size={"height": 256, "width": 256},
        resample=Image.Resampling.BILINEAR,
        do_normalize=False,
    )
    image = picture(*size)
    np.testing.assert_allclose(
        pixel_values([image], dual.MOBILECLIP.pixels), processed(processor, image), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("size", SIZES)
def test_vit_is_given_what_transformers_would_give_it(size: tuple[int, int]) -> None:
    processor = ViTImageProcessorPil(
        size={"height": 224, "width": 224},
        resample=Image.Resampling.BILINEAR,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    image = picture(*size)
    np.testing.assert_allclose(pixel_values([image], VIT), processed(processor, image), rtol=0, atol=1e-5)


def normalised(square: Image.Image, mean: list[float], std: list[float]) -> NDArray[np.float64]:
    """(value / 255 - mean) / std in double precision, channels first, by torch."""
    values = torch.from_numpy(np.array(square)).double().permute(2, 0, 1) / 255
    centred = values - torch.tensor(mean, dtype=torch.float64)[:, None, None]
    result: NDArray[np.float64] = (centred / torch.tensor(std, dtype=torch.float64)[:, None, None]).numpy()
    return result


@pytest.mark.parametrize("size", SIZES)
def test_joytag_sees_the_whole_picture_on_white(size: tuple[int, int]) -> None:
    image = Image.fromarray(picture(*size))
    side = max(size)
    square = Image.new("RGB", (side, side), (255, 255, 255))
    square.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    expected = normalised(
        square.resize((448, 448), Image.Resampling.BICUBIC),
        [0.48145466, 0.4578275, 0.40821073],
        [0.26862954, 0.26130258, 0.27577711],
    )
    np.testing.assert_allclose(pixel_values([np.array(image)], joytag.PIXELS)[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_places365_sees_the_picture_squashed(size: tuple[int, int]) -> None:
    image = Image.fromarray(picture(*size))
    expected = normalised(
        image.resize((224, 224), Image.Resampling.BILINEAR), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    np.testing.assert_allclose(pixel_values([np.array(image)], places365.PIXELS)[0], expected, rtol=0, atol=1e-5)


def test_mobilenet_sees_the_middle_with_grey_at_zero() -> None:
    image = Image.fromarray(picture(400, 300))
    across = int(224 * 400 / 300)
    left = (across - 224) // 2
    square = image.resize((across, 224), Image.Resampling.BILINEAR).crop((left, 0, left + 224, 224))
    expected = (np.array(square).astype(np.float64).transpose(2, 0, 1) - 128) / 128
    np.testing.assert_allclose(pixel_values([np.array(image)], mobilenet.PIXELS)[0], expected, rtol=0, atol=1e-5)


def test_a_shorter_side_larger_than_the_square_is_cut_on_all_sides() -> None:
    image = Image.fromarray(picture(300, 500))
    how = Preprocessing(side=224, fit="crop", resample="bicubic", mean=HALF, std=HALF, shortest=256)
    down = int(256 * 500 / 300)
    top = (down - 224) // 2
    square = image.resize((256, down), Image.Resampling.BICUBIC).crop((16, top, 240, top + 224))
    expected = normalised(square, [0.5] * 3, [0.5] * 3)
    np.testing.assert_allclose(pixel_values([np.array(image)], how)[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (30_000, 800)])
def test_a_strip_costs_no_more_than_another_picture(size: tuple[int, int]) -> None:
    pixels = pixel_values([np.full((size[1], size[0], 3), 255, dtype=np.uint8)], dual.CLIP.pixels)
    assert pixels.shape == (1, 3, 224, 224)
    np.testing.assert_allclose(pixels[0, 0], (1 - 0.48145466) / 0.26862954, atol=1e-5)


def test_a_batch_is_its_pictures_one_after_another() -> None:
    images = [picture(100, 80), picture(80, 100), picture(50, 50)]
    together = pixel_values(images, dual.SIGLIP2.pixels)
    assert together.dtype == np.float32
    for index, image in enumerate(images):
        np.testing.assert_array_equal(together[index], pixel_values([image], dual.SIGLIP2.pixels)[0])
