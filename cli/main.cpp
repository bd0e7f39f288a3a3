#include "cli/program.hpp"

int main(int argc, char** argv) { return homepatch::cli::run(argc, argv); }
