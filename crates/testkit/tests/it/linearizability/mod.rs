//! The checker of linearizability, proved by cases from the literature, by all orders of small histories, and by objects that are right or wrong on
//! purpose.

mod brute;
mod known;
mod register;
mod simulated;
