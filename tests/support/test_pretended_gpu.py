"""What the tests' pretended GPU refuses, as a real one does, and what it counts."""

import gc

import pytest
import torch
from pretended_gpu import CUDA, pretended_gpu


def test_two_devices_do_not_meet_in_one_operation():
    here = torch.ones(3, 4)
    with pretended_gpu():
        there = here.to("cuda")
        assert (there.device, (there + 1).device, (there * 2.0).sum().device) == (CUDA, CUDA, CUDA)
        for meeting in (lambda: there + here, lambda: here @ there.T, lambda: torch.cat([here, there])):
            with pytest.raises(RuntimeError, match="same device"):
                meeting()
        with pytest.raises(RuntimeError, match="same device"):
            _ = here[(there > 0).all(dim=1)]
        assert there[torch.tensor([2, 0])].device == CUDA, "a GPU takes indices from here"
        with pytest.raises(TypeError, match="can't convert cuda:0"):
            there.numpy()
        with torch.inference_mode():
            assert (there @ there.T).cpu().numpy().tolist() == [[4.0] * 3] * 3


def test_a_layer_learns_there():
    with pretended_gpu():
        layer = torch.nn.Linear(4, 2).to("cuda")
        loss = layer(torch.ones(3, 4, device="cuda")).square().sum()
        loss.backward()
        assert {one.grad.device for one in layer.parameters() if one.grad is not None} == {CUDA}
        torch.optim.AdamW(layer.parameters(), fused=True).step()
        assert loss.item() > 0


def test_bytes_are_counted_while_something_holds_them():
    with pretended_gpu() as memory:
        gc.collect()
        before = memory.used
        held = torch.zeros(1000, device="cuda")
        view = held[10:]
        assert memory.used - before == 4000
        del held
        assert memory.used - before == 4000
        del view
        assert memory.used == before
        assert memory.peak >= before + 4000
