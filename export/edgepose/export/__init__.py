"""From a checkpoint to a model file that is proven equal: conversion, quantisation, parity."""
