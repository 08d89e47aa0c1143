"""DeepSEM's formulation written down plainly: what `speed.py` compares an epoch with.

Every gene may regulate, the scalar networks are evaluated at every entry, and I - A is inverted (Shu et al. 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def scalar_network(n_outputs: int) -> nn.Sequential:
    """A multilayer perceptron of one number."""
    return nn.Sequential(nn.Linear(1, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, n_outputs))


class PlainDeepSEM(nn.Module):
    """Encoder, structural equations, decoder, and the loss of a batch of standardised expression."""

    def __init__(self, n_genes: int, *, alpha: float = 1.0, beta: float = 0.01) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta
        self.encoder, self.decoder = scalar_network(2), scalar_network(1)
        self.adjacency = nn.Parameter(1 / (n_genes - 1) + 2e-4 * torch.rand(n_genes, n_genes))
        self.latent_mean = nn.Parameter(torch.zeros(n_genes))
        self.latent_log_variance = nn.Parameter(torch.zeros(n_genes))

    def loss(self, x: Tensor, counted: Tensor) -> Tensor:
        """Mean squared error over the counted entries, weighted KL divergence and penalty."""
        adjacency = self.adjacency * (1 - torch.eye(len(self.adjacency)))
        identity_minus = torch.eye(len(adjacency)) - adjacency
        mean, log_variance = self.encoder(x.unsqueeze(-1)).unbind(-1)
        mean, log_variance = mean @ identity_minus, log_variance @ identity_minus
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        decoded = self.decoder((z @ torch.inverse(identity_minus)).unsqueeze(-1)).squeeze(-1)
        prior_mean = self.latent_mean @ identity_minus
        prior_log_variance = self.latent_log_variance @ identity_minus
        kl = 0.5 * (
            (log_variance - prior_log_variance).exp()
            + (mean - prior_mean).square() / prior_log_variance.exp()
            - 1
            + prior_log_variance
            - log_variance
        )
        error = ((x - decoded).square() * counted).sum() / counted.sum()
        return error + self.beta * kl.mean() + self.alpha * adjacency.abs().mean()

    def cycle(self, x: Tensor, counted: Tensor, batch_size: int) -> None:
        """One epoch of the networks, two of the adjacency."""
        networks = [parameter for parameter in self.parameters() if parameter is not self.adjacency]
        optimizers = (torch.optim.RMSprop(networks, lr=1e-4), torch.optim.RMSprop([self.adjacency], lr=2e-5))
        for epoch in range(3):
            for cells in torch.randperm(len(x)).split(batch_size):
                optimizer = optimizers[min(epoch, 1)]
                self.zero_grad()
                self.loss(x[cells], counted[cells]).backward()
                optimizer.step()
