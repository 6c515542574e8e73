// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>

#include <cstdint>
#include <utility>

/// Makes TaskGraph a model of Boost.Graph's vertex list, incidence and edge list concepts, without a copy: Boost's
/// algorithms run on the arrays that the engine reads.
namespace mfusim {

struct TaskEdge {
  TaskId source = 0;
  std::uint32_t position = 0;  ///< In TaskGraph::successors.
  friend bool operator==(const TaskEdge&, const TaskEdge&) = default;
};

/// Walks all edges; `source` moves on with the position.
class TaskEdgeIterator
    : public boost::iterator_facade<TaskEdgeIterator, TaskEdge, boost::forward_traversal_tag, const TaskEdge&> {
 public:
  TaskEdgeIterator() = default;
  TaskEdgeIterator(const TaskGraph& graph, TaskEdge edge) : graph_(&graph), edge_(edge) { find_source(); }

 private:
  friend class boost::iterator_core_access;
  void increment() {
    ++edge_.position;
    find_source();
  }
  void find_source() {
    if (edge_.position >= graph_->successors.size()) return;
    while (graph_->first_successor[edge_.source + 1] <= edge_.position) ++edge_.source;
  }
  [[nodiscard]] bool equal(const TaskEdgeIterator& other) const { return edge_.position == other.edge_.position; }
  [[nodiscard]] const TaskEdge& dereference() const { return edge_; }

  const TaskGraph* graph_ = nullptr;
  TaskEdge edge_;
};

struct TaskGraphCategory : boost::vertex_list_graph_tag, boost::incidence_graph_tag, boost::edge_list_graph_tag {};

using TaskIterator = boost::counting_iterator<TaskId>;

inline std::pair<TaskIterator, TaskIterator> vertices(const TaskGraph& graph) {
  return {TaskIterator(0), TaskIterator(static_cast<TaskId>(graph.size()))};
}
inline TaskId num_vertices(const TaskGraph& graph) {
  return static_cast<TaskId>(graph.size());
}
inline std::pair<TaskEdgeIterator, TaskEdgeIterator> out_edges(TaskId task, const TaskGraph& graph) {
  return {TaskEdgeIterator(graph, {task, graph.first_successor[task]}),
          TaskEdgeIterator(graph, {task, graph.first_successor[task + 1]})};
}
inline std::uint32_t out_degree(TaskId task, const TaskGraph& graph) {
  return graph.first_successor[task + 1] - graph.first_successor[task];
}
inline std::pair<TaskEdgeIterator, TaskEdgeIterator> edges(const TaskGraph& graph) {
  const auto count = static_cast<std::uint32_t>(graph.successors.size());
  return {TaskEdgeIterator(graph, {0, 0}), TaskEdgeIterator(graph, {0, count})};
}
inline std::uint32_t num_edges(const TaskGraph& graph) {
  return static_cast<std::uint32_t>(graph.successors.size());
}
inline TaskId source(const TaskEdge& edge, const TaskGraph&) {
  return edge.source;
}
inline TaskId target(const TaskEdge& edge, const TaskGraph& graph) {
  return graph.successors[edge.position];
}
inline boost::typed_identity_property_map<TaskId> get(boost::vertex_index_t, const TaskGraph&) {
  return {};
}
inline TaskId get(boost::vertex_index_t, const TaskGraph&, TaskId task) {
  return task;
}

}  // namespace mfusim

template <>
struct boost::graph_traits<mfusim::TaskGraph> {
  using vertex_descriptor = mfusim::TaskId;
  using edge_descriptor = mfusim::TaskEdge;
  using directed_category = directed_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  using traversal_category = mfusim::TaskGraphCategory;
  using vertices_size_type = mfusim::TaskId;
  using edges_size_type = std::uint32_t;
  using degree_size_type = std::uint32_t;
  using vertex_iterator = mfusim::TaskIterator;
  using edge_iterator = mfusim::TaskEdgeIterator;
  using out_edge_iterator = mfusim::TaskEdgeIterator;
  static vertex_descriptor null_vertex() { return static_cast<vertex_descriptor>(-1); }
};

template <>
struct boost::property_map<mfusim::TaskGraph, boost::vertex_index_t> {
  using type = typed_identity_property_map<mfusim::TaskId>;
  using const_type = type;
};
