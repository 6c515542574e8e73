// SPDX-License-Identifier: Apache-2.0
// Colours that colour-blind readers can tell apart.
// Source: Okabe and Ito 2008, "Color universal design": the eight colours; olive (Tol 2021, "Colour schemes", muted) and greys are
// added for what is not work of the GPU.
{
  const okabe = {
    orange: '#e69f00', sky: '#56b4e9', green: '#009e73', yellow: '#f0e442', blue: '#0072b2', vermilion: '#d55e00', purple: '#cc79a7', olive: '#999933',
  };
  const shades = { grey: ['#8a929b', '#828b95'], pale: ['#c3c9d0', '#4d565f'], ink: ['#1b1f24', '#e6e9ed'] };
  const names = {
    ideal_at_peak: 'ink', step: 'ink', uneven_stages: 'pale', counted_not_computed: 'pale', kernel_inefficiency: 'blue',
    matmul: 'blue', compute_matmul: 'blue', attention: 'sky', compute_attention: 'sky', memory_bound: 'green',
    compute_memory_bound: 'green', recompute: 'yellow', compute_recompute: 'yellow', optimizer: 'grey',
    tensor_communication: 'vermilion', exposed_tensor_communication: 'vermilion', slowed_by_communication: 'pale',
    pipeline_communication: 'orange', exposed_pipeline_communication: 'orange', data_communication: 'purple',
    exposed_data_communication: 'purple', context_communication: 'yellow', exposed_context_communication: 'yellow',
    gathered_weights: 'purple', reduction_buffers: 'olive', embedding_exchange: 'vermilion', exposed_embedding_exchange: 'vermilion',
    data_loading: 'olive', host_launch: 'pale', bubble: 'pale', smaller_parts: 'pale',
    forward: 'sky', backward: 'blue', weights: 'blue', gradients: 'sky', optimizer_state: 'green', activations: 'orange',
    recomputed_layer: 'yellow', loss: 'vermilion', framework: 'grey', gradients_in_flight: 'sky', pass_gradients: 'sky', held_back: 'pale', update_copies: 'sky',
    startup: 'pale', fragmentation: 'pale',
    communicators: 'purple', roof: 'ink', equal: 'ink', capacity: 'ink', best: 'vermilion',
    measured: 'blue', interpolated: 'sky', fitted: 'green', 'data sheet': 'yellow', assumed: 'orange',
    predicted: 'blue', published: 'orange', gain: 'sky', cost: 'vermilion', fits: 'blue', 'too large': 'pale', slower: 'orange',
  };
  const spare = ['blue', 'orange', 'green', 'purple', 'sky', 'vermilion', 'yellow', 'grey'];
  const given = new Map();

  mfusim.dark = () => matchMedia('(prefers-color-scheme: dark)').matches && !document.documentElement.hasAttribute('data-print');

  mfusim.colour = function (name) {
    if (!names[name] && !given.has(name)) given.set(name, spare[given.size % spare.length]);
    const hue = names[name] || given.get(name);
    return okabe[hue] || shades[hue][mfusim.dark() ? 1 : 0];
  };

  mfusim.theme = function (variable) {
    return getComputedStyle(document.documentElement).getPropertyValue('--' + variable).trim();
  };
}
