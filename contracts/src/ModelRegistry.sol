// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Models by the digest of their weights
/// @notice Whoever registers a digest first keeps its entry. The registry says who claimed a model and where it is described, not that the claim is true.
contract ModelRegistry {
    struct Model {
        address maker;
        uint64 since;
        bool withdrawn;
        string uri;
    }

    mapping(bytes32 digest => Model) private _models;

    /// @notice A model was entered.
    event Registered(bytes32 indexed digest, address indexed maker, string uri);
    /// @notice The description of a model moved.
    event Described(bytes32 indexed digest, string uri);
    /// @notice A maker says that a model should not be used any more; works made with it stay what they are.
    event Withdrawn(bytes32 indexed digest);
    /// @notice An entry changed hands.
    event Handed(bytes32 indexed digest, address indexed from, address indexed to);

    error AlreadyRegistered(bytes32 digest);
    error NotTheMaker(bytes32 digest, address caller);
    error EmptyDigest();
    error EmptyAddress();

    modifier onlyMaker(bytes32 digest) {
        if (_models[digest].maker != msg.sender) revert NotTheMaker(digest, msg.sender);
        _;
    }

    /// @notice Enters a model under the caller's name.
    /// @param digest SHA-256 of the weights' file
    /// @param uri where the model's card is
    function register(bytes32 digest, string calldata uri) external {
        if (digest == 0) revert EmptyDigest();
        if (_models[digest].maker != address(0)) revert AlreadyRegistered(digest);
        _models[digest] = Model(msg.sender, uint64(block.timestamp), false, uri);
        emit Registered(digest, msg.sender, uri);
    }

    /// @notice Moves the description.
    function describe(bytes32 digest, string calldata uri) external onlyMaker(digest) {
        _models[digest].uri = uri;
        emit Described(digest, uri);
    }

    /// @notice Marks a model as withdrawn, for good.
    function withdraw(bytes32 digest) external onlyMaker(digest) {
        _models[digest].withdrawn = true;
        emit Withdrawn(digest);
    }

    /// @notice Gives an entry to somebody else.
    function hand(bytes32 digest, address to) external onlyMaker(digest) {
        if (to == address(0)) revert EmptyAddress();
        _models[digest].maker = to;
        emit Handed(digest, msg.sender, to);
    }

    /// @notice What is known of a model; the maker is zero if nothing is.
    function model(bytes32 digest) external view returns (Model memory) {
        return _models[digest];
    }
}
