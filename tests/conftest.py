"""What all tests share."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from ran import Mmavk, Ran

import mmavk_cli
from mmavk_cli.cli.main import main

# On a busy machine all is slow; what a test draws is not at fault.
settings.register_profile("busy", settings(), suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the checkout. CI has them, so that a test that needs them fails there without."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        reason = f"the public data sets are not at {folder}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's home, data, store or settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("MMAVK_CONFIG", str(tmp_path_factory.mktemp("config") / "config.toml"))
        patch.delenv("MMAVK_DATA", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_children() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as open_clip saves one, with a CLIP of 1.7 million random weights."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("models") / "clip"
    folder.mkdir()
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    config = {"model_cfg": {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
        save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer BERT and the real tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("models") / "encoder"
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder)
    shutil.copyfile(Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.fixture
def mmavk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mmavk:
    """The real entry point, in this process: exit code, stdout, stderr."""

    def ran(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return ran
