// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/input_shape.hpp"
#include "model/spec.hpp"

#include <optional>
#include <string>

namespace mfusim {

/// A model in another number type. `value(name, count)` gives the number for each size; sizes with a variable's name
/// (symbolic.hpp) carry it, the others an empty name. Sizes that follow from others in the numbers keep following:
/// head_dim = width / heads, kv_heads = heads, position rows = context length.
template <class M, class Value>
class SpecConverter {
 public:
  explicit SpecConverter(Value value) : value_(value) {}

  [[nodiscard]] ModelSpecOf<M> model(const ModelSpec& from) const {
    ModelSpecOf<M> to;
    to.name = from.name;
    to.source = from.source;
    to.loss = from.loss;
    if (from.vision) to.vision = vision(*from.vision);
    if (from.text) to.text = text(*from.text);
    if (from.caption) to.caption = caption(*from.caption);
    if (from.decoder) to.decoder = decoder(*from.decoder);
    return to;
  }

  [[nodiscard]] InputShapeOf<M> input(const InputShape& from, const ModelSpec& model) const {
    InputShapeOf<M> to;
    to.batch = value_("b", from.batch);
    if (from.text_length) to.text_length = value_(model.decoder ? "s" : "ts", *from.text_length);
    if (from.image_size) to.image_size = value_("is", *from.image_size);
    if (from.loss_columns) to.loss_columns = value_("", *from.loss_columns);
    return to;
  }

 private:
  [[nodiscard]] M number(Count count) const { return value_("", count); }
  [[nodiscard]] std::optional<M> number(const std::optional<Count>& count) const {
    return count ? std::optional<M>(number(*count)) : std::nullopt;
  }

  [[nodiscard]] BlockSpec<M> block(const BlockSpec<Count>& from, const std::string& tower) const {
    const M width = value_(tower + "d", from.hidden_size);
    const M heads = value_(tower + "h", from.heads);
    const bool follows = from.heads * from.head_dim == from.hidden_size;
    return {.layers = value_(tower + "l", from.layers),
            .hidden_size = width,
            .heads = heads,
            .kv_heads = from.kv_heads == from.heads ? heads : value_(tower + "k", from.kv_heads),
            .head_dim = follows ? width / heads : number(from.head_dim),
            .mlp_size = value_(tower + "m", from.mlp_size),
            .window = number(from.window),
            .position_size = number(from.position_size),
            .style = from.style};
  }

  [[nodiscard]] VisionSpec<M> vision(const VisionSpec<Count>& from) const {
    const BlockSpec<M> blocks = block(from.block, "i");
    return {.image_size = value_("is", from.image_size),
            .patch_size = value_("ip", from.patch_size),
            .channels = number(from.channels),
            .block = blocks,
            .pool = from.pool ? std::optional(pool(*from.pool, from.block.hidden_size, blocks.hidden_size)) : std::nullopt,
            .projection = value_("p", from.projection),
            .style = from.style};
  }

  [[nodiscard]] AttentionPool<M> pool(const AttentionPool<Count>& from, Count width, const M& symbol) const {
    const auto like = [&](Count size) { return size == width ? symbol : number(size); };
    return {.queries = number(from.queries),
            .width = like(from.width),
            .heads = number(from.heads),
            .context_size = like(from.context_size),
            .mlp_size = number(from.mlp_size),
            .context_norm = from.context_norm};
  }

  [[nodiscard]] TextSpec<M> text(const TextSpec<Count>& from) const {
    const M context = value_("ts", from.context_length);
    return {.vocabulary = value_("tv", from.vocabulary),
            .context_length = context,
            .positions = number(from.positions),
            .token_types = number(from.token_types),
            .block = block(from.block, "t"),
            .projection = value_("p", from.projection),
            .style = from.style};
  }

  [[nodiscard]] CaptionSpec<M> caption(const CaptionSpec<Count>& from) const {
    return {.vocabulary = number(from.vocabulary), .block = block(from.block, "c")};
  }

  [[nodiscard]] DecoderSpec<M> decoder(const DecoderSpec<Count>& from) const {
    return {.vocabulary = value_("v", from.vocabulary),
            .context_length = from.context_length ? std::optional<M>(value_("s", *from.context_length)) : std::nullopt,
            .positions = number(from.positions),
            .position_offset = number(from.position_offset),
            .embedding_size = number(from.embedding_size),
            .block = block(from.block, ""),
            .style = from.style};
  }

  Value value_;
};

}  // namespace mfusim
